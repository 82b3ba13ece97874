"""A file of somebody else's as the webhook it would have been. Pure: bytes in, bytes out, numbers untouched."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

# topic's resource -> the name under which a REST answer wraps one
WRAPPERS = {"orders": "order", "refunds": "refund"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`api_version` and `shop` are what the file says of itself, "" if it says nothing."""

    body: bytes
    api_version: str = ""
    shop: str = ""


def sample_of(raw: bytes, topic: str) -> Sample:
    """The body to send: of a recorded delivery its `body`, of a REST answer the object inside, else all of it.

    What is no JSON object is sent as it is: that too must be tried. The bytes inside are cut out, never written anew.
    """
    try:
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Sample(raw)
    if {"headers", "body"} <= parts.keys():
        headers = _headers(bytes(parts["headers"]))
        version = headers.get("x-shopify-api-version", "")
        return Sample(bytes(parts["body"]), version, headers.get("x-shopify-shop-domain", ""))
    wrapper = WRAPPERS.get(topic.partition("/")[0], "")
    if parts.keys() == {wrapper} and bytes(parts[wrapper]).lstrip().startswith(b"{"):
        return Sample(bytes(parts[wrapper]))
    return Sample(raw)


def _headers(raw: bytes) -> dict[str, str]:
    try:
        found = msgspec.json.decode(raw, type=dict[str, str])
    except msgspec.DecodeError:
        return {}
    return {name.lower(): value for name, value in found.items()}
