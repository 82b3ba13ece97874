"""The README's table of packages is the one of pyproject.toml, and what it points at exists."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.paths import ROOT

ROWS = re.findall(r"^\| ([\w.-]+) \| (.+?) \| `([^`]+)` \|$", (ROOT / "README.md").read_text(), re.MULTILINE)


def declared_packages() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for group in project["optional-dependencies"].values() for line in group)]
    return {re.match(r"[\w.-]+", line)[0] for line in lines}


def test_every_package_has_a_row_and_every_row_a_package():
    assert {name for name, _, _ in ROWS} == declared_packages()


@pytest.mark.parametrize(("name", "where"), [(name, where) for name, _, where in ROWS])
def test_the_place_where_a_package_is_tested_exists(name, where):
    assert (ROOT / where).exists(), name


def test_every_document_that_the_readme_links_exists():
    for target in re.findall(r"\]\((docs/[^)]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target
