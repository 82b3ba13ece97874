"""The matrix: every operation of the API, for strangers, every role, other retailers, other partners, other hosts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.test import Client

from console.api import endpoints
from console.api.urls import urlpatterns
from governance.access.roles import ACTIONS_BY_ROLE
from governance.registry.models import Pause
from monitoring.ledger.models import Delivery
from tenants.context import ALL, partner_scope
from tenants.people.models import Person
from tests.console.api.calls import Caller, problem
from tests.console.pages import ADA, CANARY, CLEO, THEO, Rows
from tests.console.views.browser import NORTHGATE, TIDEWATER
from tests.support import ledger_rows
from tests.support.pauses import stop


@dataclass(frozen=True)
class Operation:
    """`row` marks what names one row: to others it does not exist."""

    name: str
    method: str
    path: str
    action: str
    row: bool = False
    shows_canary: bool = True
    more: dict[str, object] = field(default_factory=dict)  # of the body

    def at(self, rows: Rows) -> str:
        delivery = Delivery.objects.get(message_id=rows.message.id)
        ledger_rows.call(rows.shop)
        if self.name == "api-pauses-end" and not Pause.objects.exists():
            made = stop(rows.shop, "flow")[0]
            Pause.objects.filter(pk=made.pk).update(id=PAUSED)
        return self.path.format(
            target=rows.shop.target.key, message=rows.message.id, exception=rows.exception.id, delivery=delivery.id
        )

    def call(self, caller: Caller, rows: Rows):
        path = self.at(rows)
        if self.method == "post":
            return caller.post(path, {"reason": "because", **self.more})
        return caller.get(path)


ENDPOINT_ACTS = {act: {} for act in ("hold", "let-go", "probe", "lift-wait", "full-pace")}
ENDPOINT_ACTS["limits"] = {"concurrency": 1, "per_second": None}
PAUSE = {"on": ["flow:harbour-pine-orders"]}
PAUSED = "01a20000-0000-7000-8000-000000000001"
OPERATIONS = [
    Operation("api-messages", "get", "messages", "messages.view"),
    Operation("api-message", "get", "messages/{message}", "messages.view", row=True),
    Operation("api-exceptions", "get", "exceptions", "exceptions.view"),
    Operation("api-exception", "get", "exceptions/{exception}", "exceptions.view", row=True),
    Operation("api-exception-resolve", "post", "exceptions/{exception}/resolve", "exceptions.resolve", True, False),
    Operation("api-exception-retry", "post", "exceptions/{exception}/retry", "exceptions.retry", True, False),
    Operation("api-exception-split", "post", "exceptions/{exception}/split", "lanes.split", True, False),
    Operation("api-delivery-release", "post", "deliveries/{delivery}/release", "lanes.release", True, False),
    Operation("api-endpoints", "get", "endpoints", "connections.view", shows_canary=False),
    Operation("api-endpoint", "get", "endpoints/{target}", "connections.view", True, False),
    *(
        Operation(f"api-endpoint-{act}", "post", f"endpoints/{{target}}/{act}", "endpoints.control", True, False, more)
        for act, more in ENDPOINT_ACTS.items()
    ),
    Operation("api-connections", "get", "connections", "connections.view", shows_canary=False),
    Operation("api-pauses", "get", "pauses", "connections.view", shows_canary=False),
    Operation("api-pauses-begin", "post", "pauses/begin", "pauses.control", True, False, PAUSE),
    Operation("api-pauses-end", "post", "pauses/end", "pauses.control", True, False, {"ids": [PAUSED]}),
    Operation("api-overview", "get", "overview", "overview.view", shows_canary=False),
    Operation("api-schema", "get", "schema", "signed-in", shows_canary=False),
    Operation("api-docs", "get", "docs", "signed-in", shows_canary=False),
]
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


def test_every_route_of_the_api_is_in_the_matrix():
    assert {pattern.name for pattern in urlpatterns} == {operation.name for operation in OPERATIONS} | {"api-nothing"}


@operations
def test_a_stranger_is_asked_to_sign_in(operation, rows):
    path = operation.at(rows)
    answer = getattr(Client(headers={"host": NORTHGATE}), operation.method)(f"/api/v1/{path}")
    if operation.name == "api-docs":
        assert answer.headers["Location"].startswith("/sign-in/")
        return
    assert problem(answer)["code"] == "not_authenticated"
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"]


@operations
@pytest.mark.parametrize("role", ACTIONS_BY_ROLE)
def test_a_role_may_exactly_what_its_actions_say(operation, role, rows, monkeypatch):
    for service in ("retry_exception", "split_exception", "release_delivery"):
        monkeypatch.setattr(f"console.api.exceptions.{service}", lambda *a, **k: 0)
    for act in (endpoints.Hold, endpoints.LetGo, endpoints.Probe, endpoints.LiftWait, endpoints.FullPace):
        monkeypatch.setattr(act, "service", lambda *a, **k: None)
    Person.objects.filter(email=ADA).update(role=role)
    answer = operation.call(Caller(ADA), rows)
    if operation.action == "signed-in" or operation.action in ACTIONS_BY_ROLE[role]:
        assert answer.status_code in (200, 202)
    else:
        assert answer.status_code == 403
        assert "These roles may: " in problem(answer)["detail"]


@operations
def test_another_retailers_rows_do_not_exist(operation, rows):
    Person.objects.filter(email=CLEO).update(role="operator")
    answer = operation.call(Caller(CLEO), rows)
    assert answer.status_code == (404 if operation.row else 200)
    assert CANARY not in answer.content.decode()
    assert str(rows.message.id) not in answer.content.decode()


@operations
def test_another_partners_rows_do_not_exist(operation, rows, partners):
    with partner_scope(partners["tidewater"].schema_name, ALL):
        theo = Caller(THEO, TIDEWATER)
    answer = operation.call(theo, rows)
    assert answer.status_code == (404 if operation.row else 200)
    assert CANARY not in answer.content.decode()


@operations
def test_a_session_is_worth_nothing_at_another_partner(operation, rows):
    ada = Caller(ADA)
    path = operation.at(rows)
    expected = 302 if operation.name == "api-docs" else 401
    assert ada.client.get(f"/api/v1/{path}", headers={"host": TIDEWATER}).status_code == expected


@operations
def test_a_host_that_is_nobodys_gets_an_empty_404(operation, rows):
    path = operation.at(rows)
    answer = Client(headers={"host": "unknown.localhost"}).get(f"/api/v1/{path}")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("kind", ["messages", "exceptions"])
def test_an_id_that_never_was_answers_like_one_of_others(kind, rows):
    never = "01a20000-0000-7000-8000-000000000000"
    others = rows.message.id if kind == "messages" else rows.exception.id
    cleo = Caller(CLEO)
    found = [problem(cleo.get(f"{kind}/{id}")) for id in (never, others)]
    assert [p.pop("request_id") != "" for p in found] == [True, True]
    assert found[0] == found[1]


@operations
def test_the_operator_sees_their_own_partners_rows(operation, rows):
    if operation.method == "get":
        answer = operation.call(Caller(ADA), rows)
        assert (CANARY in answer.content.decode()) is operation.shows_canary
