"""Ids, and what kind of thing a Shopify document is. Shared by the reader and the webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.sdk.errors import PayloadChanged, RequestRefused

GID = "gid://shopify/"
WRAPPERS = {"order": "order", "refund": "refund", "draft_order": "draft order", "checkout": "checkout", "cart": "cart"}
LISTS = {"orders": "order", "refunds": "refund"}
MAX_ID = 64


def unwrapped(document: Any) -> list[dict[str, Any]]:
    """The bare documents within `document`: REST wraps one as {"order": …} and many as {"orders": […]}.

    Raises:
        RequestRefused: the wrapper names something that is no sale.
        PayloadChanged: no object at all.
    """
    if not isinstance(document, dict):
        raise PayloadChanged("The payload is not an object.")
    if len(document) != 1:
        return [document]
    ((name, inner),) = document.items()
    if name in LISTS and isinstance(inner, list):
        if not all(isinstance(one, dict) for one in inner):
            raise PayloadChanged(f"The list of {name} holds something that is no object.")
        return inner
    if name in WRAPPERS and isinstance(inner, dict):
        refuse_other(name)
        return [inner]
    return [document]


def refuse_other(wrapper: str) -> None:
    if wrapper not in ("order", "refund"):
        raise RequestRefused(f"This is a {WRAPPERS[wrapper]}: {WRAPPERS[wrapper]}s are not sales.")


def kind_of(document: Mapping[str, Any]) -> str:
    """What the document says it is ("Order", "DraftOrder", …), from its global id; "" when it has none."""
    gid = document.get("admin_graphql_api_id") or document.get("id")
    if isinstance(gid, str) and gid.startswith(GID):
        return gid[len(GID) :].partition("/")[0]
    return ""


def exact_id(document: Mapping[str, Any]) -> str:
    """The id as text, from the global id where there is one: numbers above 2^53 get rounded by many a middleman.

    Raises:
        PayloadChanged: no id, or an id and a global id that name different things.
    """
    stated, gid = document.get("id"), document.get("admin_graphql_api_id")
    if isinstance(gid, str) and gid.startswith(GID):
        exact = gid.rpartition("/")[2].partition("?")[0]
        if exact.isdigit() and len(exact) <= MAX_ID:
            _check_same(stated, exact)
            return exact
    return text_id(stated)


def text_id(stated: Any) -> str:
    """A number or text that can be an id, as text. Raises PayloadChanged."""
    found = ""
    if isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated < 10**MAX_ID:
        found = str(stated)
    elif isinstance(stated, str):
        found = stated.strip().rpartition("/")[2].partition("?")[0]
    if not found or len(found) > MAX_ID:
        raise PayloadChanged("The payload has no id.")
    return found


def stated_id(document: Mapping[str, Any]) -> str:
    """The id as the payload's number states it, rounded or not: what other payloads of the same path refer to."""
    stated = document.get("id")
    return text_id(stated) if isinstance(stated, int) else exact_id(document)


def _check_same(stated: Any, exact: str) -> None:
    """A rounded id is still the same double as the exact one; anything else is another document's id."""
    if not isinstance(stated, int) or stated == int(exact):
        return
    if not 0 <= stated < 10**MAX_ID or float(stated) != float(exact):
        raise PayloadChanged(f"The payload has another id than its global id, which names {exact}.")
