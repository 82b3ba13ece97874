"""What of a child's output is repeated on the console."""

from __future__ import annotations

from console.embedded import logs
from console.embedded.logs import Echo, LogFile


def test_only_problems_are_repeated(tmp_path):
    log = LogFile(tmp_path / "web.log")
    log.path.write_text("INFO started\nERROR no database\nWARNING slow\n")
    assert log.news() == ["ERROR no database", "WARNING slow"]


def test_lines_from_before_this_run_are_not_repeated(tmp_path):
    (tmp_path / "web.log").write_text("ERROR yesterday\n")
    assert LogFile(tmp_path / "web.log").news() == []


def test_a_line_is_repeated_once_it_is_whole(tmp_path):
    log = LogFile(tmp_path / "demo.log", echo=Echo.ALL)
    log.path.write_text("half")
    assert log.news() == []
    log.path.write_text("half a line\n")
    assert log.news() == ["half a line"]


def test_a_flood_is_cut_short(tmp_path):
    log = LogFile(tmp_path / "web.log")
    log.path.write_text("ERROR again\n" * 500)
    assert len(log.news()) == logs.LINES_AT_ONCE + 1


def test_a_large_file_is_rotated_while_the_child_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "ROTATE_BYTES", 10)
    log = LogFile(tmp_path / "web.log", echo=Echo.ALL)
    with log.open() as child:
        child.write(b"a line before\n")
        child.flush()
        log.news()
        log.rotate_if_large()
        child.write(b"a line after\n")
    assert log.news() == ["a line after"]
    assert (tmp_path / "web.log.1").read_text() == "a line before\n"
