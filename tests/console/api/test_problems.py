"""Whatever is refused is refused in one shape, with the request's id and without details of ours."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from tests.console.api.calls import Caller, problem
from tests.console.pages import ADA, Rows

LONG = "x" * 101


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("messages?outcome=lost", 400, "query"),
        ("messages?limit=201", 400, "limit"),
        ("messages?limit=0", 400, "limit"),
        ("messages?limit=ten", 400, "limit"),
        ("messages?limit=²", 400, "limit"),
        ("messages?before=yesterday", 400, "before"),
        ("messages?from=yesterday", 400, "from"),
        ("messages?from=now&to=now-1h", 400, "from"),
        ("messages?statuss=open", 400, "statuss"),
        ("messages?q=a%00b", 400, "q"),
        (f"messages?topic={LONG}", 400, "topic"),
        ("messages?door=webhook&door=poll", 400, "door"),
        ("messages?retailer=unknown", 404, ""),
        ("exceptions?tab=lost", 400, "tab"),
        ("exceptions?limit=1e3", 400, "limit"),
        ("connections?from=now-1h", 400, "from"),
        ("overview?from=never", 400, "from"),
        ("nothing/here", 404, ""),
        ("messages/not-an-id", 404, ""),
    ],
)
def test_a_query_that_cannot_be_answered_says_what_is_wrong_with_it(northgate, path, status, field):
    answer = Caller(ADA).get(path)
    assert answer.status_code == status
    found = problem(answer)
    assert not field or field in found["errors"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"x"', 400),
        (b"[" * 20_000, 400),
        (b'{"reason": NaN}', 400),
        (b'{"reason": "a\\u0000b"}', 400),
        (b'{"reason": "\\ud800"}', 400),
        (b'{"reason": "\xff"}', 400),
        (b'{"reason": ""}', 400),
        (b'{"reason": "   "}', 400),
        (b'{"other": "x"}', 400),
        (b'{"reason": ["x"]}', 400),
        (b'{"reason": "' + b"x" * 501 + b'"}', 400),
        (b'{"reason": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_changes_nothing(rows: Rows, body, status):
    answer = Caller(ADA).post(f"exceptions/{rows.exception.id}/retry", body)
    assert answer.status_code == status
    problem(answer)
    assert rows.exception.state == "open"


def test_another_content_type_is_refused(rows):
    ada = Caller(ADA)
    answer = ada.client.post(
        f"/api/v1/exceptions/{rows.exception.id}/retry", {"reason": "x"}, headers={"X-CSRFToken": ada.token}
    )
    assert answer.status_code == 415
    problem(answer)


def test_a_method_that_does_not_exist_is_refused(rows):
    ada = Caller(ADA)
    assert problem(ada.post("messages", {}))["code"] == "method_not_allowed"


def test_without_the_csrf_token_a_session_may_not_write(rows):
    ada = Caller(ADA)
    ada.token = "d" * 32
    answer = ada.post(f"exceptions/{rows.exception.id}/retry", {"reason": "x"})
    assert answer.status_code == 403
    assert rows.exception.state == "open"
    problem(answer)


def test_what_broke_on_our_side_is_not_described(rows, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr("console.api.messages.message_page", broken)
    answer = Caller(ADA).get("messages")
    assert answer.status_code == 500
    assert "hunter2" not in answer.content.decode()
    assert problem(answer)["code"] == "internal"


def test_a_database_that_is_away_asks_to_come_back(rows, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("connection to 10.0.0.7 failed")

    monkeypatch.setattr("console.api.messages.message_page", away)
    answer = Caller(ADA).get("messages")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "10.0.0.7" not in answer.content.decode()


def test_a_refusal_to_a_stranger_is_not_cached_and_carries_no_page(northgate):
    answer = Client(headers={"host": "northgate.localhost"}).get("/api/v1/messages")
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"<" not in answer.content
