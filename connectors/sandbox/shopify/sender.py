"""Deliver webhooks: sign, post, and try again until somebody answers 2xx.

Source: shopify.dev/docs/apps/build/webhooks/subscribe/https and /troubleshoot (read 2026-11-23): one second to connect,
five in all, any answer outside 2xx is a failure, redirects are not followed, a retry is the same delivery.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from connectors.sandbox.shopify.outbox import Delivery
from connectors.sandbox.shopify.shop import Shop
from connectors.sandbox.shopify.signing import signed_headers

TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int | None
    error: str
    seconds: float
    text: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Sender:
    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._woken = asyncio.Event()
        self._busy: set[int] = set()
        shop.wake = self._woken.set

    async def run(self) -> None:
        """Until cancelled. Sleeps when nothing is due; an act of the shop or an answer wakes it."""
        client = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        async with client as session, asyncio.TaskGroup() as group:
            while True:
                self._woken.clear()
                self._start_due(session, group)
                await self._rest()

    def _start_due(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> None:
        room = self.shop.config.concurrency - len(self._busy)
        if room <= 0 or self._held():
            return
        for delivery in self.shop.outbox.due(limit=room, busy=self._busy):
            self._busy.add(delivery.id)
            group.create_task(self._deliver(session, delivery))

    def _held(self) -> bool:
        return any(fault.kind == "hold" for fault in self.shop.faults.active())

    async def _rest(self) -> None:
        pause = self.shop.faults.ends_in("hold") if self._held() else self.shop.outbox.next_due(self._busy)
        if not self._held() and len(self._busy) >= self.shop.config.concurrency:
            pause = None
        try:
            await asyncio.wait_for(self._woken.wait(), pause)
        except TimeoutError:
            return

    async def _deliver(self, session: aiohttp.ClientSession, delivery: Delivery) -> None:
        try:
            answer = await self._post(session, delivery)
            self._conclude(delivery, answer)
        finally:
            self._busy.discard(delivery.id)
            self._woken.set()

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> Answer:
        url, host = reachable(delivery.address, delivery.host)
        headers = self._headers(delivery) | ({"Host": host} if host else {})
        started = time.perf_counter()
        try:
            async with session.post(url, data=delivery.body, headers=headers, allow_redirects=False) as response:
                text = (await response.content.read(500)).decode("utf-8", "replace")
                return Answer(response.status, "", time.perf_counter() - started, text)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(None, f"{type(error).__name__}: {error}", time.perf_counter() - started)

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        forged = self.shop.faults.take("bad_signature") is not None
        secret = "another secret" if forged else delivery.secret or self.shop.app.secret
        return signed_headers(
            delivery.body,
            secret,
            delivery.topic,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            shop=self.shop.app.shop,
            api_version=delivery.api_version,
            triggered_at=delivery.triggered_at,
            test=delivery.test,
        )

    def _conclude(self, delivery: Delivery, answer: Answer) -> None:
        tries = delivery.attempts + 1
        pause = None if answer.accepted else self.shop.config.retry.pause(tries)
        with self.shop.store.change():
            if pause is not None:
                self.shop.outbox.postponed(delivery, pause)
            else:
                self.shop.outbox.finished(delivery, "sent" if answer.accepted else "given_up")
            if pause is None and not answer.accepted and delivery.subscription_id is not None:
                self.shop.outbox.unsubscribe(delivery.subscription_id)
            self.shop.store.note("attempt", **_facts(delivery, answer, tries))


def _facts(delivery: Delivery, answer: Answer, tries: int) -> dict[str, object]:
    return {
        "webhook_id": delivery.webhook_id,
        "topic": delivery.topic,
        "order_id": delivery.order_id,
        "attempt": tries,
        "status": answer.status,
        "error": answer.error,
        "seconds": round(answer.seconds, 4),
        "answer": answer.text,
    }


def reachable(address: str, host: str | None) -> tuple[URL, str | None]:
    """Where to connect, and the Host to send. `*.localhost` resolves in browsers only: it is reached at 127.0.0.1."""
    url = URL(address)
    if host is None and url.host is not None and (url.host == "localhost" or url.host.endswith(".localhost")):
        return url.with_host("127.0.0.1"), url.authority
    return url, host
