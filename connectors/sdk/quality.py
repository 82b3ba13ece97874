"""The quality scale: what a connector must have for each rung, and the rung its quality.toml comes to."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNGS: dict[str, dict[str, str]] = {
    "bronze": {
        "manifest": "the manifest is complete",
        "credential_probe": "credentials are tried before saving, a missing scope is named",
        "contract_suite": "the contract suite is green",
        "fixture_per_event": "there is a fixture for every event",
    },
    "silver": {
        "error_classes": "each class of error is tested with its opposite",
        "retry_after": "what the vendor asks us to wait is honoured",
        "cursor_resumes": "an interrupted read resumes where it stood",
        "reauthentication": "a new credential is entered on the console",
        "log_once": "one line when it goes, one when it returns",
    },
    "gold": {
        "webhooks_backed_by_poll": "a poll finds what no webhook brought",
        "redacted_diagnostics": "diagnostics hold no secret and nothing personal",
        "drift_noticed": "a payload of a new shape is noticed",
        "end_date_watched": "the end of the API version is watched",
        "runbook": "there is a runbook",
    },
}


@dataclass(frozen=True, slots=True)
class Quality:
    """`rules` maps each rule to "done", to "exempt: reason" or to "todo: what lacks"."""

    stated: str
    rules: dict[str, str]

    @property
    def rung(self) -> str:
        """The highest rung whose rules, and all below, are done or exempt with a reason; "none" below bronze."""
        reached = "none"
        for rung, rules in RUNGS.items():
            if not all(_met(self.rules.get(rule, "")) for rule in rules):
                return reached
            reached = rung
        return reached


def quality(folder: Path) -> Quality:
    """What quality.toml says. Raises ValueError for a rule that does not exist or a word that is none."""
    parsed: dict[str, Any] = tomllib.loads((folder / "quality.toml").read_text())
    rules = {str(rule): str(word) for rule, word in parsed.get("rules", {}).items()}
    known = {rule for rung in RUNGS.values() for rule in rung}
    for rule, word in rules.items():
        if rule not in known:
            raise ValueError(f"quality.toml: there is no rule {rule!r}")
        if word != "done" and not word.startswith(("exempt: ", "todo: ")):
            raise ValueError(f'quality.toml: {rule} is "done", "exempt: reason" or "todo: what lacks", not {word!r}')
    return Quality(str(parsed.get("rung", "")), rules)


def _met(word: str) -> bool:
    return word == "done" or (word.startswith("exempt: ") and len(word) > len("exempt: "))
