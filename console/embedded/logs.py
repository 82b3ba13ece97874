"""The log file of one child: written by the child itself, followed and rotated by the supervisor."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

ROTATE_BYTES = 20 * 2**20
LINE_CHARACTERS = 220
LINES_AT_ONCE = 20
PROBLEM = re.compile(r"(?<!%)\b(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|^Traceback|Error: ")


class Echo(StrEnum):
    """Which of a child's lines are repeated on the console."""

    ALL = "all"
    PROBLEMS = "problems"
    NONE = "none"


@dataclass
class LogFile:
    path: Path
    echo: Echo = Echo.PROBLEMS
    offset: int = field(init=False)
    rest: bytes = b""

    def __post_init__(self) -> None:
        self.offset = self._size()

    def open(self) -> BinaryIO:
        """For the child's stdout and stderr. Appending, so that a rotation by truncating does not confuse it."""
        return open(self.path, "ab")

    def news(self) -> list[str]:
        """The lines written since the last call that are worth repeating; problems are shortened."""
        lines = [line.decode(errors="replace").rstrip() for line in self._read_lines()]
        if self.echo == Echo.NONE:
            return []
        if self.echo == Echo.PROBLEMS:
            lines = [_short(line) for line in lines if PROBLEM.search(line)]
        if len(lines) > LINES_AT_ONCE:
            more = len(lines) - LINES_AT_ONCE
            lines = [*lines[:LINES_AT_ONCE], f"... and {more} more lines, see {self.path}"]
        return [line for line in lines if line]

    def last_lines(self, count: int) -> list[str]:
        """The end of the file, for saying why a child ended."""
        with open(self.path, "rb") as stream:
            stream.seek(max(0, self._size() - 8192))
            return [_short(line) for line in stream.read().decode(errors="replace").splitlines()[-count:]]

    def rotate_if_large(self) -> None:
        if self._size() > ROTATE_BYTES:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)
            self.offset = 0

    def _read_lines(self) -> list[bytes]:
        size = self._size()
        if size < self.offset:
            self.offset = 0
        if size == self.offset:
            return []
        with open(self.path, "rb") as stream:
            stream.seek(self.offset)
            text = self.rest + stream.read(size - self.offset)
        self.offset = size
        *lines, self.rest = text.split(b"\n")
        return lines

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0


def _short(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]}..."
