"""What one retailer's person is told as a number, a file or a record is what Ada is told of that retailer alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from tests.isolation.layers import Walls, standing
from tests.isolation.walk import CHARTS, everything

TOTALS = (
    "/exceptions/count/",
    "/overview/equation/",
    *(f"/overview/{chart}.csv" for chart in CHARTS),
    "/messages/export.csv",
    "/messages/export.jsonl",
    "/exceptions/export.csv",
    "/exceptions/export.jsonl?tab=resolved",
    "/api/v1/overview",
    "/api/v1/messages?limit=200",
    "/api/v1/exceptions?limit=200",
    "/api/v1/connections",
)
# Links carry the choice of retailer; bodies of pages carry their own time and request.
CHOICE = re.compile(rb"retailer=[\w%-]+(?:&amp;|&)?")


@cache
def span() -> dict[str, str]:
    """The same range in every address, and later than the rows: not made when the module is read."""
    now = datetime.now(UTC)
    return {
        "from": f"{now - timedelta(hours=24):%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }


def of(walker, path: str, **more: str) -> bytes:
    path, _, query = path.partition("?")
    asked = dict(pair.split("=") for pair in query.split("&") if pair)
    known = {} if path == "/api/v1/connections" else span()
    answer = walker.get(path, {**asked, **known, **more})
    assert answer.status_code == 200, path
    return CHOICE.sub(b"", answer.getvalue() if answer.streaming else answer.content)


@pytest.mark.parametrize("walls", [Walls.BOTH, Walls.SCOPE, Walls.POLICIES], ids=str)
@pytest.mark.parametrize("path", TOTALS)
def test_a_persons_total_is_their_retailers_own(world, monkeypatch, walls, path):
    ada, bell = world.walkers["ada"], world.shops["bluebell"]
    key = bell.retailer.key
    with standing(walls, world.url, monkeypatch):
        assert of(world.walkers["clara"], path) == of(ada, path, retailer=key)
        assert of(ada, path) != of(ada, path, retailer=key)


def test_ada_who_works_for_all_of_them_sees_all_of_them(world):
    """And nothing of the other partner, whoever runs beside her."""
    told = everything(world.walkers["ada"].get("/messages/export.csv")).lower()
    assert b"cnrypine" in told
    assert b"cnrybell" in told
    assert b"cnrymarl" not in told
