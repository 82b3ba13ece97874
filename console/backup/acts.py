"""What a restore leaves in the partner's trail."""

from __future__ import annotations

from governance.audit.registry import Action, register

RESTORED = "partner.restored"

register(Action(RESTORED, "The partner's records were put back as they were at an earlier moment.", "partner"))
