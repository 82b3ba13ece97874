"""`manage.py demo` as an operator runs it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connectors.sandbox.shopify import journal
from tests.connectors.sandbox.conftest import ShopProcess, shop_process  # noqa: F401 (a fixture)


def test_it_places_the_orders_asked_for_and_says_each(shop_process: ShopProcess, tmp_path: Path) -> None:  # noqa: F811
    shop, out = shop_process.start(), io.StringIO()
    call_command("demo", once=4, gap=0, shop=shop.url, data=str(tmp_path), stdout=out)
    assert len(journal.expected_orders(shop_process.folder)) == 4
    assert "#1001" in out.getvalue()


def test_without_a_shop_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="up --demo"):
        call_command("demo", once=1, data=str(tmp_path))
