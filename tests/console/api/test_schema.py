"""The published schema is complete, valid in shape and the partner's own; its reader asks nobody else."""

from __future__ import annotations

import re

from tests.console.api.calls import Caller
from tests.console.api.test_rights import ENDPOINT_ACTS
from tests.console.pages import ADA


def schema() -> dict:
    return Caller(ADA).get("schema").json()


def test_it_is_openapi_3_1_under_the_partners_name(northgate):
    found = schema()
    assert found["openapi"].startswith("3.1")
    assert found["info"]["title"] == "Northgate Retail Services API"
    assert not {"signalbox", "governance", "required_action"} & set(str(found).lower().replace(".", " ").split())


def test_every_operation_is_described(northgate):
    found = schema()["paths"]
    assert {(path.removeprefix("/api/v1/"), method) for path, methods in found.items() for method in methods} == {
        ("messages", "get"),
        ("messages/{message_id}", "get"),
        ("exceptions", "get"),
        ("exceptions/{exception_id}", "get"),
        ("exceptions/{exception_id}/retry", "post"),
        ("exceptions/{exception_id}/resolve", "post"),
        ("exceptions/{exception_id}/split", "post"),
        ("deliveries/{delivery_id}/release", "post"),
        ("endpoints", "get"),
        ("endpoints/{key}", "get"),
        *((f"endpoints/{{key}}/{act}", "post") for act in ENDPOINT_ACTS),
        ("connections", "get"),
        ("pauses", "get"),
        ("pauses/begin", "post"),
        ("pauses/end", "post"),
        ("overview", "get"),
    }


def test_the_parameters_it_tells_are_those_that_are_taken(northgate):
    found = schema()["paths"]["/api/v1/messages"]["get"]["parameters"]
    ada = Caller(ADA)
    values = {"from": "now-1h", "to": "now", "limit": "5", "outcome": "waiting", "door": "poll", "attempt": "failed"}
    ids = dict.fromkeys(("before", "after"), "01a20000-0000-7000-8000-000000000000")
    for parameter in found:
        value = {**values, **ids, "retailer": "bluebell"}.get(parameter["name"], "x")
        assert ada.get(f"messages?{parameter['name']}={value}").status_code == 200, parameter["name"]


def test_problems_and_refusals_are_described(northgate):
    responses = schema()["paths"]["/api/v1/exceptions/{exception_id}/retry"]["post"]["responses"]
    assert {"202", "400", "401", "403", "404", "409", "422"} <= set(responses)
    assert "application/problem+json" in responses["409"]["content"]


def test_its_reader_loads_from_this_host_only_and_runs_no_inline_script(northgate):
    answer = Caller(ADA).get("docs")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == []
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy.replace(";", " ;")
    assert "style-src 'self' 'unsafe-inline'" in policy
