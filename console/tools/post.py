"""Post a webhook to our own intake: signed like the vendor's, over HTTP, under the partner's host."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.sandbox.shopify.signing import signed_headers
from console.tools.sample import Sample

TIMEOUT_SECONDS: Final = 30.0


class NotReached(Exception):
    """Nobody answered there."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to send. `secret` signs it."""

    topic: str
    sample: Sample
    config: Mapping[str, str]
    api_version: str
    event_id: str
    at: datetime
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        return self.status in (200, 202)

    @property
    def message_id(self) -> str:
        return str(self.body.get("id", ""))

    @property
    def words(self) -> str:
        return str(self.body.get("result") or self.body.get("error") or "")


def shopify_headers(delivery: Delivery) -> dict[str, str]:
    return signed_headers(
        delivery.sample.body,
        delivery.secret,
        delivery.topic,
        webhook_id=delivery.event_id,
        shop=delivery.config.get("shop_domain", "") or delivery.sample.shop,
        api_version=delivery.sample.api_version or delivery.api_version,
        triggered_at=delivery.at,
    )


# connector -> how its vendor signs; a connector without one cannot be sent to by hand
SIGNERS: Final[Mapping[str, Callable[[Delivery], dict[str, str]]]] = {"shopify": shopify_headers}


def post(delivery: Delivery, *, connector: str, base: str, host: str, path: str) -> Answer:
    """`base` is where to connect, `host` what the request says it came for (*.localhost resolves in browsers only).

    Raises NotReached.
    """
    headers = SIGNERS[connector](delivery) | {"Host": host}
    connection = _connection(base)
    try:
        connection.request("POST", path, delivery.sample.body, headers)
        response = connection.getresponse()
        return Answer(response.status, _document(response.read()))
    except (OSError, http.client.HTTPException) as error:
        raise NotReached(f"no answer from {base}: {error}") from error
    finally:
        connection.close()


def _connection(base: str) -> http.client.HTTPConnection:
    parts = urlsplit(base)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_SECONDS)


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
