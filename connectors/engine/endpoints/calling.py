"""Pure: how an endpoint is called just now, in figures and in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.engine.drain.pacing import State
from connectors.engine.models import Endpoint, Lane

SHARE_WORDS = {Lane.Share.LIVE: "new", Lane.Share.RETRY: "to be tried again", Lane.Share.REPLAY: "sent again by hand"}


class Standing(StrEnum):
    """What keeps calls from an endpoint, the strongest first."""

    PAUSED = "paused"  # its connection, by a person
    HELD = "held"  # by a person
    OPEN = "open"  # its breaker
    TOLD_TO_WAIT = "told_to_wait"  # the target's Retry-After
    SLOWED = "slowed"  # below its full pace
    USUAL = "usual"


CALLED = frozenset({Standing.SLOWED, Standing.USUAL})


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries of one share that wait at an endpoint. `due` could go at once; `oldest`: when its message came."""

    share: int
    count: int
    due: int
    oldest: datetime | None

    @property
    def words(self) -> str:
        return SHARE_WORDS[Lane.Share(self.share)]


@dataclass(frozen=True, slots=True)
class Window:
    """What became of the last minute's runs. `since` is None where there were none."""

    calls: int = 0
    failures: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calling:
    """An endpoint as it is at `at`, by the database's clock. `limits` are those in force, `own_*` a person's."""

    connection_id: int
    retailer_id: int
    key: str
    label: str
    retailer: str
    connection_state: str
    at: datetime
    limits: State
    manifest_concurrency: int
    manifest_per_second: float
    own_concurrency: int | None
    own_per_second: float | None
    breaker: str
    reason: str
    since: datetime | None
    probe_at: datetime | None
    not_before: datetime | None
    used: int  # calls under way
    window: Window
    due: int  # deliveries that could go at once, one a lane
    waiting: tuple[Waiting, ...] = ()  # () where nobody asked for it
    paused_flows: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        if self.connection_state != "active":
            return Standing.PAUSED
        if self.breaker == Endpoint.Breaker.HELD:
            return Standing.HELD
        if self.breaker == Endpoint.Breaker.OPEN:
            return Standing.OPEN
        if self.told_to_wait:
            return Standing.TOLD_TO_WAIT
        return Standing.SLOWED if self.limits.pace_now < 1 else Standing.USUAL

    @property
    def told_to_wait(self) -> bool:
        return self.not_before is not None and self.not_before > self.at

    @property
    def slots(self) -> int:
        """Calls at once that are allowed now."""
        if self.standing in (Standing.PAUSED, Standing.HELD, Standing.TOLD_TO_WAIT):
            return 0
        return 1 if self.standing is Standing.OPEN else self.limits.slots

    @property
    def rate(self) -> float:
        """Calls a second that the bucket is refilled with now."""
        return self.limits.per_second * self.limits.pace_now

    @property
    def tokens(self) -> int:
        return max(0, int(self.limits.tokens_now))

    @property
    def full_at(self) -> datetime | None:
        """When it will be at its full pace; None where it is, or does not rise."""
        missing = 1 - self.limits.pace_now
        if missing <= 0 or self.limits.pace_gain <= 0:
            return None
        return self.at + timedelta(minutes=missing / self.limits.pace_gain)

    @property
    def waits(self) -> int:
        return sum(one.count for one in self.waiting)

    @property
    def oldest(self) -> datetime | None:
        return min((one.oldest for one in self.waiting if one.oldest is not None), default=None)

    @property
    def has_own_limits(self) -> bool:
        return self.own_concurrency is not None or self.own_per_second is not None


def sentence(calling: Calling) -> str:
    """What an operator wants to know first. Without times, which a page shows in the reader's zone."""
    name = calling.label
    match calling.standing:
        case Standing.PAUSED:
            return f"{name} is {calling.connection_state}: nothing goes until the connection is active again."
        case Standing.HELD:
            return f"{name} is held: nothing goes until somebody lets it go."
        case Standing.OPEN:
            return f"{name} is not called: {_clause(calling.reason)}. One delivery at a time tries whether it is back."
        case Standing.TOLD_TO_WAIT:
            return f"{name} asked us to wait; nothing goes before that."
        case Standing.SLOWED:
            return f"{name} is called at {percent(calling)} of its pace, and a little faster every minute."
    return f"{name} is called as usual."


def why_not_yet(calling: Calling) -> str:
    """Why a delivery that is due has not gone there yet; "" where nothing of the endpoint's stands against it."""
    name = calling.label
    match calling.standing:
        case Standing.PAUSED:
            return f"{name} is {calling.connection_state}; it goes when the connection is active again."
        case Standing.HELD:
            return f"{name} is held: {_clause(calling.reason)}. It goes when somebody lets it go."
        case Standing.OPEN:
            return f"{name} is not called for now: {_clause(calling.reason)}. One probe goes at a time."
        case Standing.TOLD_TO_WAIT:
            return f"{name} asked us to wait until {calling.not_before:%H:%M:%S} UTC."
    if calling.used >= calling.slots:
        return _in_turn(calling, f"{calling.slots} call{'' if calling.slots == 1 else 's'} at once")
    if calling.limits.tokens_now < 1:
        return _in_turn(calling, f"{calling.rate:.3g} calls a second")
    return ""


def percent(calling: Calling) -> str:
    return f"{int(calling.limits.pace_now * 100)} %"


def _in_turn(calling: Calling, limit: str) -> str:
    slowed = f"; it is called at {percent(calling)} of its pace" if calling.standing is Standing.SLOWED else ""
    return f"It waits for its turn at {calling.label}: {limit}, {calling.due} wait{slowed}."


def _clause(text: str) -> str:
    return text.strip().rstrip(".") or "no reason is known"
