"""The pages of the canonical objects: they show no retailer's data, and the schema is what connectors are held to."""

import json

import pytest
from django.urls import reverse

from connectors.canonical.objects import OBJECTS
from connectors.canonical.schemas import schema
from tests.console.pages import HTML_LIMIT, INLINE
from tests.console.views.browser import signed_in

ADA = "ada@northgate.example"


def test_the_list_names_every_object_and_leads_to_it(northgate):
    text = signed_in(ADA).get(reverse("objects")).content.decode()
    assert all(reverse("object", args=[name]) in text for name in OBJECTS)
    assert len(text) < HTML_LIMIT and not INLINE.search(text)


@pytest.mark.parametrize("name", ["order", "invoice", "bank_statement", "event"])
def test_an_object_shows_its_fields_and_what_must_hold(northgate, name):
    text = signed_in(ADA).get(reverse("object", args=[name])).content.decode()
    assert all(f">{field}<" in text for field in OBJECTS[name].__struct_fields__)
    assert "What must hold" in text
    assert len(text) < HTML_LIMIT and not INLINE.search(text)


def test_the_schema_is_downloaded_under_its_name_and_version(northgate):
    answer = signed_in(ADA).get(reverse("object-schema", args=["store_day"]))
    assert json.loads(answer.content) == json.loads(json.dumps(schema("store_day")))
    assert answer["Content-Disposition"] == 'attachment; filename="store_day-1.0.schema.json"'


@pytest.mark.parametrize("route", ["object", "object-schema"])
def test_what_is_no_object_is_not_there(northgate, route):
    assert signed_in(ADA).get(reverse(route, args=["unicorn"])).status_code == 404
