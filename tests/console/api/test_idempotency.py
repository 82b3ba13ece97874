"""The same request twice is one act; the same key for something else is refused; a refusal may be asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.api.idempotency import GIVEN_UP_AFTER, KEPT_FOR
from console.api.models import KeptAnswer
from governance.audit.models import AuditEvent
from tests.console.api.calls import Caller, problem
from tests.console.pages import ADA, Rows

KEY = {"Idempotency-Key": "2026-11-23/close-77001"}
REASON = {"reason": "settled by phone"}


@pytest.fixture
def path(rows: Rows) -> str:
    return f"exceptions/{rows.exception.id}/resolve"


def acts() -> int:
    return AuditEvent.objects.filter(action="exception.resolved", outcome="done").count()


def test_the_same_request_twice_acts_once_and_answers_the_same(path):
    ada = Caller(ADA)
    before = acts()
    first, second = ada.post(path, REASON, **KEY), ada.post(path, REASON, **KEY)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert acts() == before + 1
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_whitespace_and_order_of_the_body_do_not_matter(path):
    ada = Caller(ADA)
    ada.post(path, b'{"reason": "settled by phone"}', **KEY)
    assert ada.post(path, b'{\n"reason":"settled by phone"}', **KEY).status_code == 200


def test_a_key_used_for_another_body_is_refused(path):
    ada = Caller(ADA)
    ada.post(path, REASON, **KEY)
    answer = ada.post(path, {"reason": "something else"}, **KEY)
    assert answer.status_code == 422
    assert problem(answer)["code"] == "idempotency_key_reused"


def test_a_key_used_for_another_address_is_refused(path):
    ada = Caller(ADA)
    ada.post(path, REASON, **KEY)
    assert ada.post(path.replace("resolve", "retry"), REASON, **KEY).status_code == 422


def test_keys_of_different_people_do_not_meet(path):
    Caller(ADA).post(path, REASON, **KEY)
    answer = Caller("eve@northgate.example").post(path, {"reason": "another"}, **KEY)
    assert problem(answer)["code"] == "stale_state"


def test_without_a_key_the_second_request_meets_the_first_ones_result(path):
    ada = Caller(ADA)
    ada.post(path, REASON)
    assert ada.post(path, REASON).status_code == 409


def test_a_refused_request_keeps_no_answer(rows):
    ada = Caller(ADA)
    ada.post(f"exceptions/{rows.exception.id}/resolve", REASON)
    refused = ada.post(f"exceptions/{rows.exception.id}/retry", REASON, **KEY)
    assert (refused.status_code, KeptAnswer.objects.count()) == (409, 0)


def test_while_the_first_is_running_the_second_waits_its_turn(path):
    ada = Caller(ADA)
    ada.post(path, REASON, **KEY)
    KeptAnswer.objects.update(status=None, body=None)
    answer = ada.post(path, REASON, **KEY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "2")


def test_a_first_request_that_died_is_taken_over(path):
    ada = Caller(ADA)
    kept = KeptAnswer.objects
    ada.post(path, REASON, **KEY)
    kept.update(status=None, body=None, created_at=kept.get().created_at - GIVEN_UP_AFTER - timedelta(seconds=1))
    assert problem(ada.post(path, REASON, **KEY))["code"] == "stale_state"


def test_answers_are_kept_for_a_day(path):
    ada = Caller(ADA)
    ada.post(path, REASON, **KEY)
    kept = KeptAnswer.objects.get()
    KeptAnswer.objects.update(created_at=kept.created_at - KEPT_FOR - timedelta(seconds=1))
    assert ada.post(path, {"reason": "a day later"}, **KEY).status_code == 409


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "ü"])
def test_a_key_that_is_none_is_refused(path, key):
    assert Caller(ADA).post(path, REASON, **{"Idempotency-Key": key}).status_code == 400
