"""Status = colour + shape + word, one table for every page. Tones and shapes are not themeable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is the colour token, `shape` the glyph in static/icons.svg, `meaning` the sentence behind the word."""

    tone: str
    shape: str
    words: str
    meaning: str = ""


STATUS: Final[dict[str, Look]] = {
    # systems and connections
    "ok": Look("ok", "ok", "OK"),
    "degraded": Look("warn", "degraded", "Degraded"),
    "failing": Look("fail", "failing", "Failing"),
    "down": Look("down", "down", "Down"),
    "running": Look("run", "running", "Running"),
    "unknown": Look("mute", "unknown", "No data"),
    "paused": Look("mute", "paused", "Paused"),
    "retrying": Look("warn", "retrying", "Retrying", "The last attempt failed; it is tried again by itself."),
    # messages
    "confirmed": Look("ok", "ok", "Delivered", "The target accepted it and a read-back proved it."),
    "delivered": Look("run", "accepted", "Accepted", "The target accepted it; nothing has proved it yet."),
    "waiting": Look("run", "running", "Waiting", "It waits for its turn or for its target."),
    "exception": Look("fail", "failing", "Needs a decision", "It cannot go on without a person."),
    "unreadable": Look("fail", "failing", "Unreadable", "It was kept as it came, but cannot be read."),
    "ignored": Look("mute", "settled", "Ignored", "No flow takes it."),
    "filtered": Look("mute", "settled", "Filtered", "A rule keeps it out."),
    "deduplicated": Look("mute", "settled", "Deduplicated", "The same version came before."),
    "superseded": Look("mute", "settled", "Superseded", "A newer version went instead."),
    "closed": Look("mute", "settled", "Closed by hand", "A person closed it."),
    # exceptions
    "open": Look("fail", "failing", "Open"),
    "resolved": Look("ok", "ok", "Resolved"),
    # attempts
    "failed": Look("fail", "failing", "Failed"),
    "uncertain": Look("warn", "degraded", "Uncertain", "It left, and nobody knows whether it took effect."),
    "interrupted": Look("warn", "degraded", "Interrupted"),
}
