"""Each error class with its opposite, and no answer that is not Tryton's taken for a success."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta

import pytest

from connectors.library.tryton.client import Client
from connectors.library.tryton.tests.standin import Answer, record, refusal, standing_in
from connectors.sdk.errors import (
    ConnectorError,
    CredentialRejected,
    Misconfigured,
    PayloadChanged,
    RequestRefused,
    Throttled,
    Unavailable,
    Uncertain,
)
from connectors.sdk.testing import DirectCall

FIELDS = ("number",)
HTML = b"<!doctype html><title>Sign in</title>"


async def search(*answers: Answer) -> list:
    async with standing_in(*answers) as (_, call):
        return await Client(call).search("find", "sale.sale", [["id", "=", 1]], FIELDS)


async def create(*answers: Answer) -> dict:
    async with standing_in(*answers) as (_, call):
        return await Client(call).create("create", "sale.sale", {}, FIELDS)


@pytest.mark.parametrize(
    ("answer", "reading", "changing"),
    [
        (Answer(401, HTML), CredentialRejected, CredentialRejected),
        (Answer(403, HTML), Misconfigured, Misconfigured),
        (Answer(404, HTML), Misconfigured, Misconfigured),
        (Answer(302, b"", {"Location": "https://elsewhere.example/"}), Misconfigured, Misconfigured),
        (Answer(400, HTML), RequestRefused, RequestRefused),
        (refusal("A value is required."), RequestRefused, RequestRefused),
        (Answer(429, HTML, {"Retry-After": "3"}), Throttled, Throttled),
        (Answer(423, HTML), Unavailable, Unavailable),
        (Answer(409, HTML), Unavailable, Unavailable),
        (Answer(408, HTML), Unavailable, Uncertain),
        (Answer(500, HTML), Unavailable, Uncertain),
        (Answer(503, HTML), Unavailable, Uncertain),
        (Answer(504, HTML), Unavailable, Uncertain),
        (Answer(204), Unavailable, Uncertain),
        (Answer(200, HTML), PayloadChanged, Uncertain),
        (Answer(200, b""), PayloadChanged, Uncertain),
        (Answer(200, b'[{"id": 7, "number"'), PayloadChanged, Uncertain),
        (Answer(200, "[{“id”: 7}]".encode("utf-16")), PayloadChanged, Uncertain),
        (Answer(200, b"null"), PayloadChanged, Uncertain),
        (Answer(200, b'{"error": "no"}'), PayloadChanged, Uncertain),
        (Answer(200, b'[{"number": "12"}]'), PayloadChanged, Uncertain),
        (Answer(200, b'{"id": {"__class__": "Decimal"}}'), PayloadChanged, Uncertain),
    ],
)
async def test_an_answer_that_is_no_success_has_its_class(
    answer: Answer, reading: type[ConnectorError], changing: type[ConnectorError]
) -> None:
    with pytest.raises(reading) as read:
        await search(answer)
    with pytest.raises(changing) as changed:
        await create(answer)
    assert type(read.value) is reading
    assert type(changed.value) is changing


async def test_a_record_is_a_success() -> None:
    assert (await create(record(number="12")))["number"] == "12"
    assert await search(Answer(200, b"[]")) == []


async def test_tryton_s_own_words_are_kept() -> None:
    with pytest.raises(RequestRefused, match="Tryton refuses “create”: To get a quote you must. Within groups: Sales"):
        await create(refusal("To get a quote you must.", "Within groups: Sales"))


@pytest.mark.parametrize(("stated", "expected"), [("30", 30), ("-5", 0), ("1000000000", 86400), ("soon", None)])
async def test_a_wait_that_is_asked_for_is_told(stated: str, expected: int | None) -> None:
    with pytest.raises(Throttled) as throttled:
        await search(Answer(429, b"", {"Retry-After": stated}))
    wait = None if expected is None else timedelta(seconds=expected)
    assert throttled.value.retry_after == wait


async def test_a_server_that_never_answers_is_uncertain_only_when_something_was_to_change() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = {"url": f"http://127.0.0.1:{port}", "database": "erp"}
    async with server, DirectCall(config=config, secrets={"application_key": "k"}) as call:
        with pytest.raises(Unavailable):
            await Client(call).search("find", "sale.sale", [], FIELDS)
        with pytest.raises(Uncertain):
            await Client(call).press("quote", "sale.sale", 7, "quote", FIELDS)


async def test_nobody_at_the_address_is_never_uncertain() -> None:
    config = {"url": "http://127.0.0.1:9", "database": "erp"}
    async with DirectCall(config=config, secrets={"application_key": "k"}) as call:
        with pytest.raises(Unavailable):
            await Client(call).create("create", "sale.sale", {}, FIELDS)


@pytest.mark.parametrize("lacking", ["url", "database", "application_key"])
def test_a_connection_without_its_settings_is_misconfigured(lacking: str) -> None:
    settings = {"url": "http://erp", "database": "erp", "application_key": "k"}
    settings[lacking] = ""
    with pytest.raises(Misconfigured):
        Client(DirectCall(config=settings, secrets=settings))


async def test_the_key_goes_into_a_header_and_the_company_into_the_context() -> None:
    async with standing_in(record()) as (server, call):
        client = Client(call)
        client.use_company(4)
        await client.write("amend", "sale.sale", 7, {"reference": "r"}, ("number", "lines.product.code"))
    (asked,) = server.asked
    assert asked.headers["Authorization"] == "Bearer k-1"
    assert json.loads(base64.urlsafe_b64decode(asked.headers["X-Tryton-Context"])) == {"company": 4}
    assert (asked.method, asked.path) == ("PUT", "/erp/rest/model/sale.sale/7")
    assert asked.query.getall("f") == ["number", "lines.product.code"]
    assert "k-1" not in str(asked.url)


async def test_every_call_names_the_version_it_speaks_and_none_is_stated_back() -> None:
    async with standing_in(record()) as (_, call):
        await Client(call).create("create", "sale.sale", {}, FIELDS)
    (step,) = call.steps
    assert (step.requested, step.served, step.changes) == ("8.2", "", True)


async def test_only_the_server_s_own_word_counts_as_a_version() -> None:
    async with standing_in(Answer(200, b'{"id": 1, "result": "7.0"}')) as (_, call):
        assert await Client(call).server_version() == "7.0"
    assert call.steps[0].served == "7.0"
    async with standing_in(Answer(200, b'{"id": 1}')) as (_, call):
        with pytest.raises(PayloadChanged):
            await Client(call).server_version()


async def test_another_record_than_the_one_asked_for_is_no_success() -> None:
    async with standing_in(record(id=8)) as (_, call):
        client = Client(call)
        with pytest.raises(PayloadChanged):
            await client.read("read back", "sale.sale", 7, FIELDS)
        with pytest.raises(Uncertain):
            await client.press("quote", "sale.sale", 7, "quote", FIELDS)
        with pytest.raises(Uncertain):
            await client.write("amend", "sale.sale", 7, {}, FIELDS)
