"""How many wrong passwords are too many.

An attempt is counted before the password is looked at, in one statement, so that fifty at once are no more than
fifty in a row. A success gives its count back. Unknown addresses count like known ones: a lock says nothing about
who exists.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final

from django.db import connection

from governance.access.models import SignInFailure

LOCKED_FOR: Final = timedelta(minutes=15)
PER_PAIR: Final = 5  # one e-mail address from one network address
PER_EMAIL: Final = 25  # one e-mail address from everywhere
PER_ADDRESS: Final = 100  # one network address, which may be a whole office

_COUNT = """
    INSERT INTO access_signinfailure AS f (key, failures, last_at) VALUES (%(key)s, 1, %(at)s)
    ON CONFLICT (key) DO UPDATE
       SET failures = CASE WHEN f.last_at <= %(since)s THEN 1 ELSE f.failures + 1 END, last_at = %(at)s
     WHERE f.failures < %(limit)s OR f.last_at <= %(since)s
    RETURNING failures"""
_GIVE_BACK = "UPDATE access_signinfailure SET failures = greatest(failures - 1, 0) WHERE key = %s"


@dataclass(frozen=True, slots=True)
class Door:
    """What is counted together, and how much of it is too much."""

    key: bytes
    limit: int


def doors(email: str, address: str) -> tuple[Door, ...]:
    """The narrowest first: once that is locked, the others are not counted, so a stranger cannot fill them alone."""
    address = _network(address)
    return (
        Door(_key("pair", email, address), PER_PAIR),
        Door(_key("email", email), PER_EMAIL),
        Door(_key("address", address), PER_ADDRESS),
    )


def count_attempt(email: str, address: str, *, at: datetime) -> int | None:
    """Count one attempt and say how many are left. None when locked: the password must not even be looked at."""
    left = []
    for door in doors(email, address):
        counted = _count(door, at=at)
        if counted is None:
            return None
        left.append(door.limit - counted)
    return min(left)


def forgive(email: str, address: str) -> None:
    """After a success: the pair and the person start afresh, the network address gets its one attempt back."""
    pair, person, network = doors(email, address)
    SignInFailure.objects.filter(key__in=[pair.key, person.key]).delete()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [network.key])


def forget_old(*, at: datetime) -> int:
    """Delete what no longer locks anything. Returns how many."""
    return SignInFailure.objects.filter(last_at__lte=at - LOCKED_FOR).delete()[0]


def _count(door: Door, *, at: datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": door.key, "at": at, "since": at - LOCKED_FOR, "limit": door.limit})
        row = cursor.fetchone()
    return row[0] if row else None


def _network(address: str) -> str:
    """One household has a whole /64 of IPv6 to guess from; an IPv4 address is one."""
    try:
        return str(ip_network((address, 64), strict=False)) if ip_address(address).version == 6 else address
    except ValueError:
        return address


def _key(*parts: str) -> bytes:
    text = "\x1f".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
