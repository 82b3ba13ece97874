"""Every error class has words an operator can act on."""

from __future__ import annotations

import pytest

from connectors.sdk import errors
from monitoring.exceptions.advice import ADVICE, advice_for

FAMILY = [
    found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, errors.ConnectorError)
]


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_each_class_of_the_closed_family_is_described(error):
    assert error.error_class in ADVICE


@pytest.mark.parametrize(
    "key", ["poison", "defect", "uncertain", "unreadable", "security", "validation", "payload gone"]
)
def test_what_the_engine_itself_opens_is_described(key):
    assert advice_for(key).cause


@pytest.mark.parametrize("key", ADVICE)
def test_cause_and_action_are_sentences(key):
    advice = ADVICE[key]
    assert advice.cause.endswith(".")
    assert advice.action.endswith(".")


def test_spelling_of_a_class_does_not_matter_and_an_unknown_one_keeps_its_name():
    assert advice_for("unmapped value") is advice_for("unmapped_value")
    assert advice_for("tax_residue").label == "Tax residue"
    assert advice_for("").label == "Unclassified"
