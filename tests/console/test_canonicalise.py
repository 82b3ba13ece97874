"""`manage.py canonicalise`, as a shell would run it: what it prints and how it ends."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.library.shopify import reader
from connectors.sdk.connector import Connector
from connectors.sdk.errors import RequestRefused
from console.management.commands import canonicalise
from console.management.commands.canonicalise import Command
from tests.connectors.canonical.sound import SOUND
from tests.paths import ROOT

FIXTURES = Path(reader.__file__).parent / "tests" / "fixtures"
ORDER = FIXTURES / "orders_create__web_discount_code.json"


@pytest.fixture
def run(capsys, monkeypatch):
    """The command as `manage.py` runs it, in this process: (exit code, stdout, stderr)."""

    def go(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        code = 0
        try:
            Command().run_from_argv(["manage.py", "canonicalise", *map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
        return code, *capsys.readouterr()

    return go


def test_it_runs_where_there_is_no_database(tmp_path):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "console.settings.embedded", "SIGNALBOX_DATA": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "canonicalise", "shopify", "orders/create", "-"]
    ended = subprocess.run(
        command, input=ORDER.read_bytes(), capture_output=True, env=environment, timeout=120, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["number"] == "#1041"
    assert not (tmp_path / "pg").exists() or not list((tmp_path / "pg").iterdir())


def test_a_sound_payload_prints_its_object_and_ends_with_0(run):
    code, out, err = run("shopify", "orders/create", ORDER)
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["object"], found["total"], found["breaches"]) == ("order", "214.85", [])


def test_a_breach_prints_the_object_beside_it_and_ends_with_1(run):
    code, out, err = run("shopify", "orders/updated", FIXTURES / "orders_updated__total_does_not_add_up.json")
    assert code == 1
    assert [breach["name"] for breach in json.loads(out)["breaches"]] == ["total"]
    assert "states 215.85 USD, its parts make 214.85" in err


def test_a_refusal_prints_nothing_and_says_why(run):
    code, out, err = run("shopify", "draft_orders/create", FIXTURES / "draft_orders_create__open.json")
    assert (code, out) == (1, "")
    assert "Draft orders are not sales" in err


def test_several_objects_are_a_list(run):
    both = json.dumps({"orders": [json.loads(ORDER.read_text())] * 2}).encode()
    code, out, _ = run("shopify", "orders/create", "-", stdin=both)
    assert code == 0
    assert [one["number"] for one in json.loads(out)] == ["#1041", "#1041"]


def test_the_body_of_a_captured_delivery_is_what_is_read(run):
    captured = {"headers": {"x-shopify-topic": "orders/create"}, "body": json.loads(ORDER.read_text()), "topic": "x"}
    code, out, _ = run("shopify", "orders/create", "-", stdin=json.dumps(captured).encode())
    assert (code, json.loads(out)["id"]) == (0, "6120001000041")
    captured["body"] = ORDER.read_text()
    assert run("shopify", "orders/create", "-", stdin=json.dumps(captured).encode())[0] == 0


@pytest.mark.parametrize(
    "body", [b"", b"not json", b'{"a": NaN}', b'{"id": 1, "id": 2}', b"[" * 5000, b"\xff\xfe", b"[]"]
)
def test_what_cannot_be_read_is_said_in_a_sentence_and_never_a_traceback(run, body):
    code, out, err = run("shopify", "orders/create", "-", stdin=body)
    assert (code, out) == (1, "")
    assert err.strip().endswith(".")
    assert "Traceback" not in err


def test_a_system_we_do_not_know_is_named(run):
    code, _, err = run("woodstock", "orders/create", ORDER)
    assert code == 1
    assert "no connector for woodstock" in err


@pytest.mark.parametrize("arguments", [(), ("shopify",), ("shopify", "orders/create"), ("--sideways",)])
def test_wrong_usage_ends_with_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err


def test_a_file_that_is_not_there_is_wrong_usage(run):
    code, _, err = run("shopify", "orders/create", "nowhere.json")
    assert code == 2
    assert "nowhere.json cannot be read" in err


def test_the_list_names_every_pair(run):
    code, out, _ = run("--list")
    assert code == 0
    assert "shopify orders/create" in out.splitlines()
    assert "shopify refunds/create" in out.splitlines()


class Statements:
    """A reader of another package: lines of text for one topic, JSON for the other."""

    binary = frozenset({"statement"})

    def events(self):
        return ("statement", "wrapped")

    def canonical(self, topic, document, *, received_at=None):
        if topic == "wrapped":
            return [SOUND["api_finding"]] if set(document) == {"headers", "body"} else []
        if not document.startswith(b":20:"):
            raise RequestRefused("This is no statement.")
        return [SOUND["bank_statement"]] * document.count(b":61:")


@pytest.fixture
def stranger(monkeypatch):
    """A connector this project does not know by name, without webhooks."""
    found = Connector(manifest=canonicalise.connector("shopify").manifest, reader=Statements())
    monkeypatch.setattr(canonicalise, "connector", lambda key: found)


@pytest.mark.parametrize("body", [b":20:A\n:61:x\xff\n", b":20:{\n:61:\n:61:\n"])
def test_what_is_no_json_reaches_the_connector_byte_for_byte(run, stranger, body):
    code, out, err = run("ebcdic-bank", "statement", "-", stdin=body)
    found = json.loads(out)
    many = found if isinstance(found, list) else [found]
    assert (code, err, len(many)) == (0, "", body.count(b":61:"))
    assert (many[0]["object"], many[0]["closing"]) == ("bank_statement", "140.00")


def test_bytes_may_be_refused_and_hold_nothing(run, stranger):
    code, out, err = run("ebcdic-bank", "statement", "-", stdin=b"{}")
    assert (code, out) == (1, "")
    assert "This is no statement." in err
    assert run("ebcdic-bank", "statement", "-", stdin=b":20:")[:2] == (1, "")


def test_headers_and_body_are_a_delivery_only_to_a_connector_that_takes_webhooks(run, stranger):
    code, out, _ = run("ebcdic-bank", "wrapped", "-", stdin=b'{"headers": {}, "body": {"a": 1}}')
    assert (code, json.loads(out)["object"]) == (0, "api_finding")
