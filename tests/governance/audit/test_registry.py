"""An act has one name, one sentence and one meaning."""

from __future__ import annotations

import pytest

from governance.audit.registry import Action, UnknownAction, action_named, all_actions, register

IRREGULAR = {"given", "made", "withdrawn", "set", "sent", "held", "let", "split"}


def test_every_act_is_dotted_past_and_told_in_a_sentence() -> None:
    for action in all_actions():
        verb = action.name.partition(".")[2].split("_")
        assert any(word.endswith("ed") or word in IRREGULAR or word == "set" for word in verb), action.name
        assert action.sentence[0].isupper() and action.sentence.endswith("."), action.sentence


def test_a_name_cannot_get_a_second_meaning() -> None:
    known = action_named("credential.rotated")
    register(known)
    with pytest.raises(ValueError, match="another meaning"):
        register(Action(known.name, "Something else happened.", "credential"))


def test_an_act_nobody_registered_is_refused() -> None:
    with pytest.raises(UnknownAction):
        action_named("credential.eaten")


def test_an_act_cannot_ask_for_a_permission_no_role_holds() -> None:
    with pytest.raises(ValueError, match="no role"):
        register(Action("credential.polished", "A credential was polished.", "credential", "credentials.polish"))


def test_a_name_is_dotted() -> None:
    with pytest.raises(ValueError, match="dotted"):
        register(Action("Rotated", "It was rotated.", "credential"))
