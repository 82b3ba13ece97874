"""Versions, buckets, faults: the vendor's rules without a server."""

from __future__ import annotations

import pytest

from connectors.sandbox.shopify.faults import Fault, Faults
from connectors.sandbox.shopify.settings import VENDOR_RETRY, Retry
from connectors.sandbox.shopify.throttle import LeakyBucket
from connectors.sandbox.shopify.versions import SUPPORTED, UnknownVersion, served


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("version", [*SUPPORTED, "unstable", "2027-01"])
def test_a_version_that_is_served_answers_itself(version: str) -> None:
    assert served(version).version == version
    assert not served(version).fell_forward


@pytest.mark.parametrize("version", ["2019-04", "2024-10", "2025-10", ""])
def test_an_old_version_falls_forward_to_the_oldest_supported(version: str) -> None:
    assert served(version).version == "2026-01"
    assert served(version).fell_forward


@pytest.mark.parametrize("version", ["2030-01", "2026-02", "latest", "2026-1"])
def test_a_version_that_never_was_is_unknown(version: str) -> None:
    with pytest.raises(UnknownVersion):
        served(version)


def test_a_bucket_refuses_what_would_overflow_it_and_leaks() -> None:
    clock = Clock()
    bucket = LeakyBucket(40, 2, clock)
    assert all(bucket.take() for _ in range(40))
    assert not bucket.take()
    assert bucket.seconds_until() == 0.5
    clock.now = 0.5
    assert bucket.take()
    assert not bucket.take()


def test_quick_retries_go_on_for_ever_and_the_vendors_end_after_four_hours() -> None:
    assert [Retry().pause(n) for n in (1, 2, 3, 6, 500)] == [1, 2, 4, 30, 30]
    pauses = [VENDOR_RETRY.pause(n) for n in range(1, 10)]
    assert pauses[8] is None
    assert sum(pause for pause in pauses if pause) == pytest.approx(4 * 3600)


def test_a_fault_counts_down_and_keeps_to_its_path() -> None:
    faults = Faults()
    faults.add(Fault(kind="error", count=2, path="orders"))
    assert faults.take("error", path="/admin/shop.json") is None
    assert [faults.take("error", path="/admin/orders.json") is not None for _ in range(3)] == [True, True, False]


def test_a_fault_survives_a_restart_and_ends_in_time() -> None:
    faults = Faults()
    faults.add(Fault(kind="hold", seconds=100))
    faults.add(Fault(kind="lose", seconds=-1))
    assert [fault.kind for fault in Faults(faults.stored()).active()] == ["hold"]
