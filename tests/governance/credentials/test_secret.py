"""A secret in memory stays one in logs, errors, templates and pickles."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import orjson
import pytest

from governance.credentials.secret import Secret

SECRET = Secret("hunter2")


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>9}",
        f"{SECRET:>20}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031
        repr({"a": [SECRET]}),
        str(ValueError(SECRET)),
    ],
)
def test_a_secret_is_never_shown(shown: str) -> None:
    assert "hunter2" not in shown and "•••" in shown


def test_a_secret_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("using %s", SECRET)
    assert "hunter2" not in caplog.text


def test_a_secret_cannot_be_joined_serialised_or_pickled() -> None:
    for attempt in (
        lambda: "Bearer " + SECRET,
        lambda: ",".join([SECRET]),
        lambda: json.dumps(SECRET),
        lambda: orjson.dumps(SECRET),
        lambda: pickle.dumps(SECRET),
        lambda: copy.deepcopy(SECRET),
        lambda: {SECRET: 1},
    ):
        with pytest.raises(TypeError):
            attempt()


def test_only_reveal_tells_it() -> None:
    assert SECRET.reveal() == "hunter2"
    assert Secret("hunter2") == SECRET and Secret("other") != SECRET and SECRET != "hunter2"
