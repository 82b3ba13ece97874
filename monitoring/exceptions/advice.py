"""Pure: what an error class means and what to do about it, in words an operator can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Advice:
    """`label` is the class on screen; `cause` and `action` are one sentence each; `acts` says whose turn it is."""

    label: str
    cause: str
    action: str
    acts: str
    retry_helps: bool


ADVICE: Final[dict[str, Advice]] = {
    "transport": Advice(
        "Transport",
        "The target could not be reached, or did not answer in full.",
        "See whether the connection is healthy again, then retry.",
        "us",
        True,
    ),
    "throttled": Advice(
        "Throttled", "The target asked us to slow down for too long.", "Retry when its quota is free again.", "us", True
    ),
    "credential": Advice(
        "Credential",
        "The target refused our credential or a setting of the connection.",
        "Renew the credential on the connection, then retry.",
        "the retailer",
        True,
    ),
    "mapping": Advice(
        "Mapping",
        "The payload does not have the shape the mapping expects.",
        "Compare the payload with the mapping; correct one of them, then retry.",
        "an engineer",
        True,
    ),
    "unmapped_value": Advice(
        "Unmapped value",
        "The target lacks something that this document names.",
        "Add the missing value in the target, then retry.",
        "the retailer",
        True,
    ),
    "validation": Advice(
        "Validation",
        "The target understood the document and refused it.",
        "Correct what it names, in the source or in the target, then retry.",
        "the retailer",
        True,
    ),
    "duplicate": Advice(
        "Duplicate",
        "The target seems to have this document already.",
        "Compare both documents; resolve this one if they are the same.",
        "an operator",
        False,
    ),
    "conflict": Advice(
        "Conflict",
        "The document was changed or processed in the target meanwhile.",
        "Decide which side is right; change the target by hand if it is the source, then resolve.",
        "the retailer",
        False,
    ),
    "out_of_order": Advice(
        "Out of order",
        "What it belongs to has not come yet.",
        "Ask the source for it. It goes first when it comes, and this one by itself after it.",
        "us",
        True,
    ),
    "held": Advice(
        "Held by a rule",
        "A routing rule asks for a person before this is sent.",
        "Look at it: retry sends it, resolving lets it end here.",
        "an operator",
        True,
    ),
    "version": Advice(
        "API version",
        "The target no longer serves the API version we ask for.",
        "Move the connection to a version it serves, then retry.",
        "an engineer",
        True,
    ),
    "security": Advice(
        "Security",
        "An event came that contradicts one we already hold.",
        "Ask the source who sent it. The first one stands; resolve this when it is explained.",
        "an operator",
        False,
    ),
    "missing_events": Advice(
        "Missing events",
        "The source did not send what it should have; our own poll found it.",
        "See whether its webhook subscription still stands, and subscribe it again. Then resolve this.",
        "an operator",
        False,
    ),
    "unreadable": Advice(
        "Unreadable",
        "The body is no document that can be trusted.",
        "Ask the source to send it again. The body is kept as it came.",
        "the source",
        False,
    ),
    "missing_file": Advice(
        "Missing file",
        "A file that was expected by now has not come.",
        "Ask the store or its till system to send it. This closes by itself when the file comes.",
        "the source",
        False,
    ),
    "wrong_file": Advice(
        "Wrong file",
        "A file came whose rows are not what its control figures state, or that cannot be read. None of it was taken.",
        "Ask for the file again. This closes by itself when the right one comes.",
        "the source",
        False,
    ),
    "source_unreachable": Advice(
        "Source unreachable",
        "The source from which we fetch does not answer, or refuses our credential.",
        "See the connection’s page for what it says. This closes by itself when it answers again.",
        "an operator",
        False,
    ),
    "uncertain": Advice(
        "Uncertain",
        "The call left, and nobody knows whether it took effect.",
        "Look for our reference in the target. Retry only if it is not there.",
        "an operator",
        True,
    ),
    "poison": Advice(
        "Poison",
        "Two workers ended while they worked on this message.",
        "Hand it to an engineer with the link to this page; the worker’s log says where. Retry once it is mended.",
        "an engineer",
        False,
    ),
    "defect": Advice(
        "Defect",
        "The connector failed in a way it should not: nothing is wrong with the document for certain.",
        "Hand it to an engineer with the link to this page; the worker’s log says more. Retry once it is mended.",
        "an engineer",
        False,
    ),
    "payload_gone": Advice(
        "Payload gone",
        "The payload is past its retention, so nothing can be made of it any more.",
        "Ask the source to send it again, or enter it in the target by hand, then resolve.",
        "an operator",
        False,
    ),
}
_OTHER: Final = Advice("", "", "Read the attempts below, remove the cause, then retry.", "an operator", True)


def advice_for(error_class: str) -> Advice:
    """Never fails: a class nobody described is called by its name."""
    key = error_class.strip().lower().replace(" ", "_").replace("-", "_")
    known = ADVICE.get(key)
    if known is not None:
        return known
    words = key.replace("_", " ").capitalize() or "Unclassified"
    return Advice(words, "", _OTHER.action, _OTHER.acts, _OTHER.retry_helps)
