"""W3: whole pages of the console over HTTP, one request at a time, each by a connection of its own."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

# What the desk and the dashboards ask for.
PAGES = {
    "newest 50 failed": "/exceptions/",
    "messages that failed": "/messages/?outcome=exception",
    "messages": "/messages/",
    "overview, a day": "/",
    "overview, 7 days": "/?from=now-7d&to=now",
    "overview, 30 days": "/?from=now-30d&to=now",
}
WARM_UP = 5


@dataclass(frozen=True, slots=True)
class PageRow:
    """Times in ms; `cpu_ms` is of everything that was asked to be counted, a page; None if nothing was."""

    name: str
    p50: float
    p99: float
    least: float
    size: int
    cpu_ms: float | None


def measure_pages(
    base_url: str,
    cookie: str,
    pages: Mapping[str, str],
    n: int,
    *,
    headers: Mapping[str, str] | None = None,
    cpu: Callable[[], float] | None = None,
) -> list[PageRow]:
    """Asks for each page `n` times, after a few to warm up. `cpu` tells CPU seconds spent so far.

    `cookie` is the whole header's value. Raises RuntimeError for any answer but 200: a refusal is quick.
    """
    parts = urlsplit(base_url)
    sent = {"Host": parts.netloc, "Cookie": cookie, **(headers or {})}
    return [_page(name, path, n, parts.hostname, parts.port, sent, cpu) for name, path in pages.items()]


def _page(
    name: str, path: str, n: int, host: str, port: int, headers: dict[str, str], cpu: Callable[[], float] | None
) -> PageRow:
    for _ in range(WARM_UP):
        size = _get(host, port, path, headers)
    spent, times = cpu() if cpu else 0.0, []
    for _ in range(n):
        began = time.perf_counter()
        _get(host, port, path, headers)
        times.append((time.perf_counter() - began) * 1000)
    each = (cpu() - spent) * 1000 / n if cpu else None
    times.sort()
    return PageRow(name, times[n // 2], times[min(n - 1, int(n * 0.99))], times[0], size, each)


def _get(host: str, port: int, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=120)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return len(body)


def table(rows: list[PageRow]) -> str:
    lines = ["| W3 page | p50 ms | p99 ms | least ms | CPU ms a page | KB |", "|---|---|---|---|---|---|"]
    for row in rows:
        cpu = "" if row.cpu_ms is None else f"{row.cpu_ms:.1f}"
        lines.append(
            f"| {row.name} | {row.p50:.1f} | {row.p99:.1f} | {row.least:.1f} | {cpu} | {row.size / 1000:.0f} |"
        )
    return "\n".join(lines)
