"""What the console and the reference say of the objects is what the code does."""

import os

import pytest

from connectors.canonical.described import described, reference
from connectors.canonical.objects import OBJECTS
from connectors.canonical.rules.meanings import BREACHES, MEANINGS
from tests.connectors.canonical.test_breaches import CASES, known_breaches
from tests.paths import ROOT

REFERENCE = ROOT / "docs" / "reference" / "canonical-objects.md"


def test_every_breach_has_a_meaning_and_no_meaning_is_left_over():
    assert set(known_breaches()) == set(MEANINGS)


@pytest.mark.parametrize(("name", "breach"), sorted({(name, breach) for name, _, breach in CASES}))
def test_an_object_tells_of_each_breach_it_can_have(name, breach):
    assert breach in BREACHES.get(name, ()) or breach == "identity"


@pytest.mark.parametrize("name", OBJECTS)
def test_each_field_is_shown_with_its_type_in_words(name):
    shown = described(name)
    assert [one.name for one in shown.parts[0].fields] == list(OBJECTS[name].__struct_fields__)
    assert all(one.kind and "typing" not in one.kind for part in shown.parts for one in part.fields)


def test_the_meaning_is_the_comment_beside_the_field():
    fields = {one.name: one for one in described("order").parts[0].fields}
    assert fields["business_date"].meaning == "the store's day it counts in; may differ from the calendar's"
    assert (fields["business_date"].kind, fields["lines"].kind) == ("date, or unknown", "list of OrderLine")
    assert (fields["total"].required, fields["note"].required) == (True, False)


def test_the_reference_is_up_to_date():
    """SIGNALBOX_WRITE_DOCS=1 writes it."""
    if os.environ.get("SIGNALBOX_WRITE_DOCS"):
        REFERENCE.parent.mkdir(exist_ok=True)
        REFERENCE.write_text(reference())
    assert REFERENCE.read_text() == reference(), "Run this test with SIGNALBOX_WRITE_DOCS=1 and commit what it wrote."
