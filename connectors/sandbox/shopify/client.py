"""Drive a running stand-in shop from a command or a test."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.local_http import CallRefused, Document, call
from connectors.sandbox.shopify.options import SubscriptionOptions

Answer = Document
ControlRefused = CallRefused  # 409 it would not, 404 no such order, 400 not understood


class ShopControl:
    """One connection a call. Raises OSError when no shop answers at that address, ControlRefused when it says no."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self.url, self._timeout = url, timeout

    def create(self, **options: Any) -> Answer:
        """Place an order now. Options: see `options.CreateOptions`; without any, the seed decides everything."""
        return self._call("POST", "orders", options)

    def edit(self, order_id: int, **options: Any) -> Answer:
        return self._call("POST", f"orders/{order_id}/edit", options)

    def refund(self, order_id: int, **options: Any) -> Answer:
        return self._call("POST", f"orders/{order_id}/refund", options)

    def cancel(self, order_id: int, **options: Any) -> Answer:
        return self._call("POST", f"orders/{order_id}/cancel", options)

    def order(self, order_id: int) -> Answer:
        """The order document, by id or by the number people say (1001)."""
        return self._call("GET", f"orders/{order_id}")

    def send(self, topic: str, body: str, **options: Any) -> Answer:
        """Sign and send a payload as it stands to everyone subscribed to the topic."""
        return self._call("POST", "send", {"topic": topic, "body": body, **options})

    def send_again(self, webhook_id: str) -> Answer:
        return self._call("POST", f"webhooks/{webhook_id}/again", {})

    def hurry(self) -> Answer:
        """Retry everything that waits, now."""
        return self._call("POST", "hurry", {})

    def fault(self, kind: str, **options: Any) -> Answer:
        """Switch a fault on: see `faults.Fault` for kinds and options."""
        return self._call("POST", "faults", {"kind": kind, **options})

    def clear_faults(self, kind: str | None = None) -> Answer:
        return self._call("DELETE", f"faults?kind={kind}" if kind else "faults")

    def subscribe(self, options: SubscriptionOptions | None = None, **fields: Any) -> Answer:
        """`address=` is enough: all four topics, the newest version, the Host taken from the address."""
        if options is not None:
            fields = {name: getattr(options, name) for name in options.__struct_fields__}
        return self._call("POST", "subscriptions", fields)

    def subscriptions(self) -> list[Answer]:
        found: list[Answer] = self._call("GET", "subscriptions")["subscriptions"]
        return found

    def unsubscribe(self, subscription_id: int) -> Answer:
        return self._call("DELETE", f"subscriptions/{subscription_id}")

    def scopes(self, *scopes: str) -> Answer:
        return self._call("POST", "scopes", {"scopes": scopes})

    def versions(self, *supported: str) -> Answer:
        return self._call("POST", "versions", {"supported": supported})

    def stats(self) -> Answer:
        return self._call("GET", "stats")

    def _call(self, method: str, path: str, body: Answer | None = None) -> Answer:
        return call(self.url, method, f"/_control/{path}", body, timeout=self._timeout)
