"""The shop's memory: nothing half done, and a journal that a crash cannot tear."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.sandbox.shopify import journal
from connectors.sandbox.shopify.options import CreateOptions
from connectors.sandbox.shopify.server import open_shop
from connectors.sandbox.shopify.settings import Config, app_of
from connectors.sandbox.shopify.store import FolderInUse, Store


def seqs(folder: Path) -> list[int]:
    return [line["seq"] for line in journal.lines(folder)]


def test_a_failed_change_leaves_neither_order_nor_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="half way"), store.change():
        store.note("control", act="never")
        raise RuntimeError("half way")
    with store.change():
        store.note("control", act="done")
    assert [line["act"] for line in journal.lines(tmp_path)] == ["done"]
    assert seqs(tmp_path) == [1]


def test_a_line_that_missed_the_file_is_written_at_the_next_start(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, Config())
    shop.create(CreateOptions())
    whole = (tmp_path / journal.FILE).read_bytes()
    shop.create(CreateOptions())
    shop.store.close()
    (tmp_path / journal.FILE).write_bytes(whole)
    open_shop(tmp_path, Config()).store.close()
    assert seqs(tmp_path) == [1, 2]


def test_a_torn_line_is_cut_off_and_written_anew(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, Config())
    for _ in range(3):
        shop.create(CreateOptions())
    shop.store.close()
    file = tmp_path / journal.FILE
    file.write_bytes(file.read_bytes()[:-40])
    assert seqs(tmp_path) == [1, 2]
    again = open_shop(tmp_path, Config())
    again.create(CreateOptions())
    again.store.close()
    assert seqs(tmp_path) == [1, 2, 3, 4]
    assert len(journal.expected_orders(tmp_path)) == 4


def test_a_reopened_shop_goes_on_with_the_next_number(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, Config())
    first = shop.create(CreateOptions())
    shop.store.close()
    shop = open_shop(tmp_path, Config())
    assert (shop.create(CreateOptions())["name"], shop.sale(first["order_id"]).name) == ("#1002", "#1001")
    shop.store.close()


def test_one_folder_has_one_shop(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.change():
        store.note("control", act="mine")
    with pytest.raises(FolderInUse):
        Store(tmp_path)


def test_the_apps_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    made = app_of(tmp_path / "a")
    assert app_of(tmp_path / "a") == made
    assert app_of(tmp_path / "b").secret != made.secret
    assert (tmp_path / "a" / "app.json").stat().st_mode & 0o777 == 0o600
