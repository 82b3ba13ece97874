"""What the shop remembers, in one SQLite file: orders, webhooks still to send, subscriptions, settings.

A change, its webhooks and its journal lines are one transaction, so kill -9 at any point loses none of them: lines that
did not reach the journal file yet are appended at the next start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.sandbox.shopify import journal
from connectors.sandbox.shopify.model import Sale, decode_sale, encode

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, cancelled INTEGER NOT NULL, sale BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (updated_at, id);
CREATE TABLE IF NOT EXISTS subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, address TEXT NOT NULL, host TEXT,
    api_version TEXT NOT NULL, UNIQUE (topic, address));
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, event_id TEXT NOT NULL, topic TEXT NOT NULL,
    order_id INTEGER, subscription_id INTEGER, address TEXT NOT NULL, host TEXT, api_version TEXT NOT NULL,
    secret TEXT, test INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL, triggered_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, after_id INTEGER);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (state, due);
CREATE INDEX IF NOT EXISTS outbox_webhook ON outbox (webhook_id);
CREATE TABLE IF NOT EXISTS unwritten (seq INTEGER PRIMARY KEY, line BLOB NOT NULL);
"""


class FolderInUse(RuntimeError):
    """Another shop runs on this data folder."""


class Store:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = _open(folder / "shop.sqlite3")
        self._journal = journal.Writer(folder / journal.FILE)
        self._seq = max(self._journal.last_seq, int(self.meta("seq", "0")))
        self._write_journal()

    def close(self) -> None:
        self._journal.close()
        self.db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All or nothing; on disk, in the journal too, when the block is left."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.put_meta("seq", str(self._seq))
            self.db.execute("DELETE FROM unwritten WHERE seq <= ?", (self._journal.last_seq,))
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            self._seq = int(self.meta("seq", "0"))
            raise
        self._write_journal()

    def note(self, kind: str, **facts: Any) -> None:
        """One journal line, inside a change."""
        self._seq += 1
        line = {"seq": self._seq, "at": datetime.now(UTC).isoformat(), "kind": kind, **facts}
        encoded = json.dumps(line, ensure_ascii=False).encode()
        self.db.execute("INSERT INTO unwritten VALUES (?, ?)", (self._seq, encoded))

    def _write_journal(self) -> None:
        rows = self.db.execute(
            "SELECT seq, line FROM unwritten WHERE seq > ? ORDER BY seq", (self._journal.last_seq,)
        ).fetchall()
        if rows:
            self._journal.append([row["line"] for row in rows], last_seq=rows[-1]["seq"])

    # -- settings ------------------------------------------------------------------------------------------------

    def meta(self, name: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    def put_meta(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # -- orders --------------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        return int(self.db.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM orders").fetchone()[0])

    def first_and_last_order_at(self) -> tuple[str | None, str | None]:
        """When the oldest and the newest order were placed, UTC; None while there is none."""
        row = self.db.execute("SELECT MIN(created_at), MAX(created_at) FROM orders").fetchone()
        return row[0], row[1]

    def save(self, sale: Sale) -> None:
        times = (_utc(sale.created_at), _utc(sale.updated_at))
        self.db.execute(
            "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            (sale.id, sale.number, *times, sale.cancelled_at is not None, encode(sale)),
        )

    def sale(self, order_id: int) -> Sale | None:
        return _one(self.db.execute("SELECT sale FROM orders WHERE id = ?", (order_id,)).fetchone())

    def sale_by_number(self, number: int) -> Sale | None:
        return _one(self.db.execute("SELECT sale FROM orders WHERE number = ?", (number,)).fetchone())

    def select_sales(self, where: str, values: Sequence[Any], *, order_by: str, limit: int) -> list[Sale]:
        """`where` and `order_by` are ours, never a caller's text."""
        query = f"SELECT sale FROM orders WHERE {where} ORDER BY {order_by} LIMIT ?"  # noqa: S608
        return [decode_sale(row["sale"]) for row in self.db.execute(query, (*values, limit))]

    def count_sales(self, where: str = "1", values: Sequence[Any] = ()) -> int:
        return int(self.db.execute(f"SELECT COUNT(*) FROM orders WHERE {where}", values).fetchone()[0])  # noqa: S608


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=0.5)
    db.row_factory = sqlite3.Row
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_TABLES)
    except sqlite3.OperationalError as error:
        db.close()
        raise FolderInUse(f"{path.parent} is used by another sandbox shop ({error})") from error
    return db


def _one(row: sqlite3.Row | None) -> Sale | None:
    return decode_sale(row["sale"]) if row else None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
