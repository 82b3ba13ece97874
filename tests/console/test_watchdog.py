"""A loop that stands still ends its process and says where; one that works is left alone."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import ROOT

RUN = """
import asyncio
from console.watchdog import end_when_stuck

def never_returns():
    while True:
        pass

async def main():
    watch = asyncio.create_task(end_when_stuck(1.0))
    await asyncio.sleep(1.5)
    print("works", flush=True)
    {then}
    watch.cancel()

asyncio.run(main())
print("ended by itself", flush=True)
"""


def run(then: str) -> subprocess.CompletedProcess[str]:
    code = RUN.format(then=then)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_a_process_whose_loop_stands_still_is_ended_with_its_stack_in_the_log():
    ended = run("never_returns()")
    assert (ended.returncode, ended.stdout) == (1, "works\n")
    assert "never_returns" in ended.stderr


def test_a_loop_that_works_is_left_alone():
    ended = run("await asyncio.sleep(1.5)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "works\nended by itself\n", "")
