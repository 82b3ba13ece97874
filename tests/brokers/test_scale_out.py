"""What the how-to names for a second host is what the tests' second host is given, and no more."""

from __future__ import annotations

import re

from tests.brokers.system import OWN_FOLDERS, SHARED_SETTINGS
from tests.paths import ROOT

TABLE = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def test_the_how_to_names_all_that_a_second_host_is_given():
    told = (ROOT / "docs/how-to/scale-out.md").read_text()
    assert TABLE.findall(told) == [*SHARED_SETTINGS, *OWN_FOLDERS]
