"""The acts of governance and sign-in. Other apps register theirs where they perform them."""

from __future__ import annotations

from governance.audit.registry import Action, register

# What auditlog sees, by the noun the trail uses for the model.
TRACKED_NOUNS = ("access", "connection", "flow", "host", "person", "retailer", "store")

for _noun in TRACKED_NOUNS:
    register(
        Action(f"{_noun}.created", f"A {_noun} was added.", _noun),
        Action(f"{_noun}.changed", f"A {_noun}'s settings were changed.", _noun),
        Action(f"{_noun}.deleted", f"A {_noun} was removed.", _noun),
    )

register(
    Action("partner.created", "The partner was set up.", "partner"),
    Action("person.invited", "A person was invited.", "person", permission="people.manage"),
    Action("person.signed_in", "A person signed in.", "person"),
    Action("person.signed_out", "A person signed out.", "person"),
    Action("person.locked_out", "Sign-in was locked after failed attempts.", "person"),
    Action(
        "payload.revealed",
        "Personal fields of a payload were shown in full.",
        "message",
        permission="payload.reveal",
        reason_required=True,
        personal=True,
    ),
    Action("credential.stored", "A secret was stored.", "credential", permission="connections.edit"),
    Action("credential.rotated", "A new secret was stored beside the old one.", "credential", "connections.edit", True),
    Action("credential.retired", "A secret was retired.", "credential", "connections.edit", True),
    Action(
        "keys.rotated",
        "The partner's secrets were wrapped with a new key.",
        "partner",
        "partner.manage",
        reason_required=True,
        whole_partner=True,
    ),
    Action(
        "host.allowed",
        "Calls to a listed host were allowed.",
        "host",
        "connections.edit",
        reason_required=True,
        whole_partner=True,
    ),
    Action(
        "host.withdrawn",
        "Calls to a listed host were no longer allowed.",
        "host",
        "connections.edit",
        reason_required=True,
        whole_partner=True,
    ),
    Action("call.blocked", "A call to a forbidden address was blocked.", "connection"),
    Action("card_data.masked", "Card data was found in a message and masked before it was stored.", "connection"),
)
