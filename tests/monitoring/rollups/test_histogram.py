"""Percentiles read from buckets stay within the promised error of the exact ones."""

from __future__ import annotations

import math
import random

import pytest

from monitoring.rollups import histogram


def exact(durations: list[int], q: float) -> int:
    return sorted(durations)[max(1, math.ceil(q * len(durations))) - 1]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("q", [0.5, 0.95, 0.99, 1.0])
def test_percentiles_are_within_five_percent_of_the_exact_ones(seed, q):
    draw = random.Random(seed)
    durations = [int(draw.lognormvariate(draw.uniform(7, 15), draw.uniform(0.1, 2))) + 101 for _ in range(700)]
    found = histogram.percentile(histogram.count(durations), q)
    assert found == pytest.approx(exact(durations, q), rel=histogram.WORST_ERROR + 1e-3)


def test_every_duration_lies_within_the_bounds_of_its_bucket():
    for exponent in range(95):
        duration = 1.25**exponent
        low, high = histogram.bounds(histogram.bucket(duration))
        assert low < duration <= high * (1 + 1e-9)


def test_bounds_belong_to_the_bucket_they_close():
    assert [histogram.bucket(histogram.bounds(n)[1]) for n in range(histogram.LAST)] == list(range(histogram.LAST))


def test_durations_beyond_the_scale_and_before_it_are_counted():
    assert histogram.bucket(-5) == histogram.bucket(0) == 0
    assert histogram.bucket(10**15) == histogram.LAST


def test_no_durations_have_no_percentile():
    assert histogram.percentile({}, 0.95) is None


def test_adding_histograms_equals_counting_all_at_once():
    draw = random.Random(7)
    parts = [[draw.randrange(1, 10**8) for _ in range(50)] for _ in range(4)]
    assert histogram.add(*map(histogram.count, parts)) == histogram.count([d for part in parts for d in part])


def test_literals_carry_bucket_numbers_as_subscripts():
    assert histogram.literal({52: 1, 54: 3}) == "[52:54]={1,0,3}"
    assert histogram.literal({}) == "{}"
