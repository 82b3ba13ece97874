"""Names under which secrets travel: in JSON, in query strings, in headers."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "•••"
# Matched against a name in lower case with everything but letters and digits taken out.
_SECRET: Final = re.compile(
    r"^(?:.*(?:password|passwd|passphrase|secret|apikey|accesskey|privatekey|credential|authorization|bearer)"
    r"|pwd|pin|otp|auth|session|sessionid|sid|jwt|signature|sig|hmac|xapikey|cookie|setcookie"
    r"|(?:.*(?:access|refresh|id|auth|session|csrf|api|bearer|personal|security))?token)$"
)
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]")


def is_secret_name(name: str) -> bool:
    """True for `password`, `client_secret`, `X-Shopify-Access-Token`; false for `cart_token`, `token_type`."""
    return _SECRET.match(_NOT_LETTERS.sub("", name.lower())) is not None
