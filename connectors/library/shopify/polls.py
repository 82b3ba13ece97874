"""What webhooks missed: orders that changed, with their refunds, as the webhooks would have carried them.

Times are the shop's alone: what changed is compared with the answer's own Date, so a clock of ours that is wrong
neither skips nor hurries anything. An order is taken a minute after its change: by then its webhook had its chance,
the second its version names is over, and no later change can have the same version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.library.shopify import client
from connectors.library.shopify.webhooks import ShopifyWebhooks, moment
from connectors.sdk.connector import Call, Subject
from connectors.sdk.errors import ConnectorError, RequestRefused
from connectors.sdk.polling import Found, Page, Stream, every

ORDERS: Final = "orders"
USUAL: Final = timedelta(seconds=60)
OVERLAP: Final = timedelta(
    minutes=5
)  # the shop's own index runs behind; what it shows late is older than what it showed
SETTLED: Final = timedelta(seconds=60)
NOTHING: Final = Subject(object_type="", object_id="", source_version="")


class ShopifyPolls:
    def streams(self, config: Mapping[str, str]) -> Sequence[Stream]:
        asked = every(config, "poll_every", usual=USUAL)
        return (Stream(ORDERS, "Orders and refunds that changed", asked, backs_webhooks=True),)

    async def page(self, call: Call, stream: str, state: Mapping[str, str], *, start: datetime) -> Page:
        """State: `seen`, up to which all was read; within a reading also `since`, its beginning, and `next`, its page.

        Raises: ConnectorError.
        """
        seen = moment(state.get("seen")) or start
        since = moment(state.get("since")) or seen - OVERLAP
        read = await self._ask(call, since, state.get("next", ""))
        horizon = read.as_of - SETTLED
        settled = [order for order in read.orders if _changed(order) <= horizon]
        seen = max([seen, *(_changed(order) for order in settled if _changed(order) > client.EVER)])
        going_on = bool(read.next) and len(settled) == len(read.orders)
        then = {"seen": seen.isoformat()} | ({"since": since.isoformat(), "next": read.next} if going_on else {})
        return Page([one for order in settled for one in _found(order)], then, going_on, read.version)

    async def _ask(self, call: Call, since: datetime, page: str) -> client.Changed:
        """A page the shop no longer knows: from the beginning of the same reading again."""
        try:
            return await client.changed_orders(call, since, page=page)
        except RequestRefused:
            if not page:
                raise
        return await client.changed_orders(call, since)


def _changed(order: Mapping[str, Any]) -> datetime:
    """An order that does not say when is taken at once."""
    return moment(order.get("updated_at")) or client.EVER


def _found(order: Mapping[str, Any]) -> Iterator[Found]:
    yield _one("orders/updated", order)
    refunds = order.get("refunds")
    for refund in refunds if isinstance(refunds, list) else ():
        if isinstance(refund, dict):
            yield _one("refunds/create", {"order_id": order.get("id"), **refund})


def _one(topic: str, document: Mapping[str, Any]) -> Found:
    try:
        return Found(topic, document, ShopifyWebhooks().subject(topic, document))
    except ConnectorError as error:
        return Found(topic, document, NOTHING, unreadable=error.operator_message)
