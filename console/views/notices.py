"""One sentence shown on the next page after something was done. Kept in the session until it was shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import HttpRequest

KEY = "notices"


@dataclass(frozen=True, slots=True)
class Notice:
    """`tone` is ok, warn or fail."""

    tone: str
    text: str


def notify(request: HttpRequest, text: str, *, tone: str = "ok") -> None:
    request.session[KEY] = [*request.session.get(KEY, []), asdict(Notice(tone, text))]


def take_notices(request: HttpRequest) -> list[Notice]:
    if KEY not in request.session:
        return []
    return [Notice(**row) for row in request.session.pop(KEY)]
