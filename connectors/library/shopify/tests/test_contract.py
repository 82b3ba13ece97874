from pathlib import Path

from connectors.library.shopify.connector import connector
from connectors.library.shopify.tests.signing import signed
from connectors.sdk.contract import ConnectorContract


class TestContract(ConnectorContract):
    connector = connector
    folder = Path(__file__).parents[1]
    own_events = ("orders/read",)
    breaching = {
        "orders_updated__total_does_not_add_up": ("total",),
        "refunds_create__less_than_its_lines": ("refund_total",),
    }

    def sign(self, body: bytes, secret: str, topic: str) -> dict[str, str]:
        return signed(body, secret, topic)
