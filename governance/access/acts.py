"""The acts on people and partners, as the trail tells them. Model changes are in the trail by themselves."""

from __future__ import annotations

from governance.audit.registry import Action, register

register(
    Action("person.given_access", "A person was given access.", "person", "people.manage"),
    Action("person.link_made", "A one-time link was made for a person.", "person", "people.manage"),
    Action("person.password_set", "A person set a password by a one-time link.", "person"),
    Action("person.sign_in_refused", "A sign-in was refused: wrong password.", "person"),
    Action("person.role_changed", "A person was given another role.", "person", "people.manage", True),
    Action("person.deactivated", "A person lost all access.", "person", "people.manage", True),
    Action("access.granted", "A person was given access to a retailer.", "person", "people.manage", True),
    Action("access.withdrawn", "A person's access to a retailer was taken away.", "person", "people.manage", True),
    Action("retailer.set_up", "A retailer was set up.", "retailer", "connections.edit"),
    Action("retailer.stores_added", "Stores were added to a retailer.", "retailer", "connections.edit"),
)
