"""What the trail knows of retention."""

from __future__ import annotations

from governance.audit.registry import Action, register

register(
    Action("retention.changed", "A retention clock was changed.", "retention", "partner.manage", True, False, True),
    Action("hold.placed", "A legal hold was placed on a retailer.", "hold", "partner.manage", True),
    Action("hold.released", "A legal hold on a retailer was released.", "hold", "partner.manage", True),
    Action("partition.dropped", "A month of a ledger table was dropped when its time was over.", "partition"),
    Action("partition.thinned", "A month was pruned but for what is held or not finished.", "partition"),
    Action("partition.returned", "A month came back: something in it is held or open.", "partition"),
    Action("keys.pruned", "Keys whose time was over were removed.", "retention"),
    Action("equation.unbalanced", "Received and its parts differ for a day.", "day"),
)
