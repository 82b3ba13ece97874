"""When a worker that takes no tasks ends, and when it is left alone."""

from __future__ import annotations

from console.pulse import AGAIN_SECONDS, SILENT_SECONDS, Judge


def test_one_that_takes_its_pulses_is_left_alone():
    judge = Judge(0.0)
    judge.beats(20.0)
    assert not judge.is_stuck(20.0 + SILENT_SECONDS)


def test_one_that_takes_none_while_the_broker_does_is_stuck():
    assert Judge(0.0).is_stuck(SILENT_SECONDS + 0.1)


def test_while_the_broker_refuses_or_every_thread_is_busy_nothing_is_said():
    judge = Judge(0.0)
    judge.busy(SILENT_SECONDS)
    assert not judge.is_stuck(2 * SILENT_SECONDS)
    judge.refused(1000.0)
    assert not judge.is_stuck(1000.0 + AGAIN_SECONDS)
    assert judge.is_stuck(1000.0 + AGAIN_SECONDS + 0.1)


def test_after_its_next_pulse_the_shorter_time_holds_again():
    judge = Judge(0.0)
    judge.refused(10.0)
    judge.beats(12.0)
    assert judge.is_stuck(12.0 + SILENT_SECONDS + 0.1)
