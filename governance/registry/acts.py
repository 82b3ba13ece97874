"""The acts on connections and flows, as the trail tells them. Model changes are in the trail by themselves."""

from __future__ import annotations

from governance.audit.registry import Action, register

register(
    Action("connection.connected", "A system was connected.", "connection", "connections.edit"),
    Action("connection.reconfigured", "A connection's settings were changed.", "connection", "connections.edit", True),
    Action("connection.paused", "A connection was paused.", "connection", "connections.edit", True),
    Action("connection.resumed", "A connection was resumed.", "connection", "connections.edit", True),
    Action("connection.disconnected", "A connection was disconnected.", "connection", "connections.edit", True),
    Action(
        "connection.address_renewed", "A connection got a new intake address.", "connection", "connections.edit", True
    ),
    Action("flow.set_up", "A flow was set up.", "flow", "flows.edit"),
    Action("flow.paused", "A flow was paused.", "flow", "flows.edit", True),
    Action("flow.resumed", "A flow was resumed.", "flow", "flows.edit", True),
)
