"""Whether settings fit a connector's manifest. Pure, except that the caller brings the partner's allow-list."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase

from governance.catalogue.manifest import Field, Manifest
from governance.egress.addresses import AllowList, literal_address, refusal, target_of
from governance.egress.errors import Blocked

MAX_CHARACTERS = 4000


def problems(
    manifest: Manifest, *, config: Mapping[str, str], secrets: Mapping[str, str], allow: AllowList
) -> dict[str, str]:
    """Field name -> what is wrong with it, in one sentence. Empty when all fits."""
    found = _names(manifest.config_fields(), config, "setting") | _names(manifest.secret_fields(), secrets, "secret")
    for name, value in config.items():
        if name not in found and "://" in value and (why := unreachable(value, manifest, allow)):
            found[name] = why
    return found


def unreachable(url: str, manifest: Manifest, allow: AllowList) -> str:
    """Why calls to this address would be blocked, as far as that can be told without asking DNS; "" if they would not.

    A host that the partner listed may be private and speak http; any other must be one of the vendor's, if the
    manifest names them, and speak https.
    """
    try:
        target = target_of(url)
        if allow.permits(target):
            return ""
        address = literal_address(target.host)
    except Blocked as error:
        return f"{_start(str(error))}."
    if target.scheme != "https":
        instead = ", or use https" if target.scheme == "http" else ""
        return f"{target.host}:{target.port} speaks {target.scheme}: allow this host first{instead}."
    if address is not None and (why := refusal(address, listed=False)):
        return f"{target.host} is {why}: allow this host first."
    if manifest.allowed_hosts and not any(fnmatchcase(target.host, pattern) for pattern in manifest.allowed_hosts):
        known = ", ".join(manifest.allowed_hosts)
        return f"{target.host} is none of {manifest.label}'s hosts ({known}): allow this host first."
    return ""


def hosts_of(config: Mapping[str, str]) -> set[tuple[str, str, int]]:
    """Scheme, host and port of every address among the settings."""
    found = set()
    for value in config.values():
        with suppress(Blocked):
            target = target_of(value)
            found.add((target.scheme, target.host, target.port))
    return found


def _names(fields: tuple[Field, ...], values: Mapping[str, str], kind: str) -> dict[str, str]:
    known = {field.name: field for field in fields}
    found = {name: f"This connector has no {kind} {name!r}." for name in values if name not in known}
    for name, field in known.items():
        value = values.get(name, "")
        if field.required and not value.strip():
            found[name] = f"{field.label} is missing."
        elif "\x00" in value or len(value) > MAX_CHARACTERS:
            found[name] = f"{field.label} is too long or holds a character that cannot be stored."
    return found


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
