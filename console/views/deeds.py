"""What a person may override about how a target is called: its name on a button, and what follows, in figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connectors.engine.endpoints import services
from connectors.engine.endpoints.calling import Calling, Standing
from console.render.text import plural


@dataclass(frozen=True, slots=True)
class Deed:
    """`fits` says whether there is something to override; the service itself says so again."""

    name: str
    words: str  # of the button
    asks: str  # the question about a target, without its mark
    icon: str
    done: str
    follows: Callable[[Calling], str]
    fits: Callable[[Calling], bool]
    service: Callable[..., None]
    danger: bool = False


def _waits(calling: Calling) -> str:
    if not calling.waits:
        return "Nothing waits for it now; what comes"
    return f"{plural(calling.waits, 'delivery', 'deliveries')} to {calling.label}, and what comes,"


def _hold_follows(calling: Calling) -> str:
    ends = f" {plural(calling.used, 'call')} under way will end." if calling.used else ""
    return f"{_waits(calling)} will wait until somebody lets it go. Nothing is lost and the order is kept.{ends}"


def _let_go_follows(calling: Calling) -> str:
    waits = plural(calling.waits, "delivery waits", "deliveries wait") if calling.waits else "Nothing waits"
    return f"{waits}. Calls begin at 10 % of its pace and reach all of it within five minutes."


def _probe_follows(calling: Calling) -> str:
    if not calling.due:
        return "No delivery is due now: the next one that is tries whether it is back."
    return "One delivery goes now. If the target takes it, the others follow, slowly at first; if not, all wait on."


def _lift_follows(calling: Calling) -> str:
    return f"{_waits(calling)} will go at once, before the time the target asked for. It may refuse us for longer."


def _limits_follow(calling: Calling) -> str:
    return (
        f"The connector allows {calling.manifest_concurrency} at once and {calling.manifest_per_second:g} a second."
        " A limit above what the target grants ends in refusals; one left empty is the connector's again."
    )


def _full_pace_follows(calling: Calling) -> str:
    waits = plural(calling.waits, "delivery that waits", "deliveries that wait")
    return f"{waits} will go at {calling.limits.per_second:g} a second instead of {calling.rate:.3g}."


DEEDS: Final = {
    deed.name: deed
    for deed in (
        Deed(
            "probe",
            "Probe now",
            "Probe {} now",
            "retry",
            "is tried with the next delivery that is due.",
            _probe_follows,
            lambda one: one.standing is Standing.OPEN and not one.told_to_wait,
            services.probe_now,
        ),
        Deed(
            "let-go",
            "Let go",
            "Let {} go",
            "play",
            "is called again, slowly at first.",
            _let_go_follows,
            lambda one: one.breaker != "closed",
            services.let_go,
        ),
        Deed(
            "lift-wait",
            "Lift the wait",
            "Lift the wait of {}",
            "retry",
            "is called before the time it asked for.",
            _lift_follows,
            lambda one: one.told_to_wait,
            services.lift_wait,
        ),
        Deed(
            "full-pace",
            "Full pace now",
            "Call {} at full pace now",
            "right",
            "is called at full pace.",
            _full_pace_follows,
            lambda one: one.breaker == "closed" and one.limits.pace_now < 1,
            services.full_pace,
        ),
        Deed(
            "limits",
            "Change limits",
            "Change the limits of {}",
            "pencil",
            "has new limits.",
            _limits_follow,
            lambda one: True,
            services.set_limits,
        ),
        Deed(
            "hold",
            "Hold",
            "Hold {}",
            "pause",
            "is held: nothing goes until somebody lets it go.",
            _hold_follows,
            lambda one: one.breaker != "held",
            services.hold,
            danger=True,
        ),
    )
}
