"""Personal fields: hidden on screen, and found again by a keyed hash. Pure."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from typing import Final

from governance.redaction.json_spans import NoJson, dotted, spans, under
from governance.redaction.names import HIDDEN

_HASH_DIGITS: Final = 32
_EMPTY: Final = (b"null", b'""')


def masked_text(body: bytes, paths: Sequence[str]) -> str | None:
    """The body as its sender wrote it, values at or below the paths replaced by "•••". Empty ones stay.

    None where the body is no JSON: then nothing of it can be shown without `payload.reveal`.
    """
    patterns = dotted(paths)
    try:
        hidden = [span for span in spans(body) if under(span.path, patterns)]
    except NoJson:
        return None
    parts, position = [], 0
    for span in hidden:
        if body[span.start : span.end] not in _EMPTY:
            parts += [body[position : span.start], f'"{HIDDEN}"'.encode()]
            position = span.end
    return b"".join([*parts, body[position:]]).decode("utf-8", "replace")


def personal_key(key: bytes, value: str, *, kind: str = "") -> str:
    """A hash by which a person's e-mail, phone or name is found without being stored: 32 hex digits.

    `key` is the partner's (`Keyring.personal`). Compatibility forms, case and outer space do not count. `kind` keeps
    an e-mail and a phone apart.
    """
    normal = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return hmac.new(key, f"{kind}\x00{normal}".encode(), hashlib.sha256).hexdigest()[:_HASH_DIGITS]
