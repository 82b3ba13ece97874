"""The acts on connections and flows, as the trail tells them. Model changes are in the trail by themselves."""

from __future__ import annotations

from governance.audit.registry import Action, register

register(
    Action("connection.connected", "A system was connected.", "connection", "connections.edit"),
    Action("connection.reconfigured", "A connection's settings were changed.", "connection", "connections.edit", True),
    Action("connection.paused", "What comes from a connection was made to wait.", "connection", "pauses.control", True),
    Action("connection.resumed", "What comes from a connection went on.", "connection", "pauses.control", True),
    Action("connection.reconnected", "A connection was connected again.", "connection", "connections.edit", True),
    Action("connection.disconnected", "A connection was disconnected.", "connection", "connections.edit", True),
    Action(
        "connection.address_renewed", "A connection got a new intake address.", "connection", "connections.edit", True
    ),
    Action("flow.set_up", "A flow was set up.", "flow", "flows.edit"),
    Action("flow.paused", "A flow was paused.", "flow", "pauses.control", True),
    Action("flow.resumed", "A flow was resumed.", "flow", "pauses.control", True),
    Action("endpoint.held", "A target was held: nothing went to it.", "endpoint", "pauses.control", True),
    Action("endpoint.let_go", "A target that was not called was called again.", "endpoint", "endpoints.control", True),
    Action("pause.expired", "A pause ended by itself, at the time set for it.", "pause"),
)
