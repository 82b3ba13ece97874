"""Pages for what went wrong carry the request id and the partner's name."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from console.views import errors, messages
from tests.console.pages import ADA
from tests.console.views.browser import NORTHGATE, browser, signed_in


def test_a_page_that_is_not_there_names_the_partner_and_the_request(northgate):
    answer = browser().get("/nothing/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert answer.headers["X-Request-Id"] in page
    assert "Northgate Retail Services" in page
    assert "signalbox" not in page.lower()


def test_a_defect_shows_a_page_with_the_request_id_and_nothing_of_the_defect(rows, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("secret inner words")

    client = signed_in(ADA)
    client.raise_request_exception = False
    monkeypatch.setattr(messages, "message_page", broken)
    answer = client.get("/messages/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in page
    assert "secret inner words" not in page


def test_a_database_that_is_away_is_503_and_no_defect(rows, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("connection to server at 127.0.0.1 failed")

    client = signed_in(ADA)
    client.raise_request_exception = False
    monkeypatch.setattr(messages, "message_page", away)
    answer = client.get("/messages/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "127.0.0.1" not in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_the_partners_words(northgate):
    client = Client(enforce_csrf_checks=True, headers={"host": NORTHGATE})
    answer = client.post("/preferences/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


def test_a_fragment_gets_a_sentence_instead_of_a_page(northgate):
    answer = browser().get("/nothing/", headers={"hx-request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.content.decode()
    assert answer.headers["X-Request-Id"] in answer.content.decode()


@pytest.mark.parametrize("status", sorted(errors.SENTENCES))
def test_each_sentence_says_what_happened_without_blame(status):
    said = errors.SENTENCES[status]
    assert said.title
    assert said.text.endswith(".")


def test_an_unknown_host_learns_nothing(northgate):
    answer = Client(headers={"host": "nobody.localhost"}).get("/messages/")
    assert (answer.status_code, answer.content) == (404, b"")


def test_the_icon_carries_the_count_and_nothing_else(northgate):
    assert b">3</text>" in browser().get("/favicon.svg?open=3").content
    assert b">99</text>" in browser().get("/favicon.svg?open=4000").content
    assert b"<circle" not in browser().get("/favicon.svg?open=%3Cscript%3E").content
