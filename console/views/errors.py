"""Pages for what went wrong. They carry the request id, so that it can be found again, and only the partner's name."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, slots=True)
class Sentence:
    title: str
    text: str


SENTENCES: Final = {
    400: Sentence("This request cannot be read", "Something in it is not as it should be. Nothing was changed."),
    403: Sentence("This is not allowed", "You are signed in, but this is not yours to do. Nothing was changed."),
    404: Sentence("There is nothing here", "The address may be mistyped, or what it named is not yours to see."),
    500: Sentence(
        "Something broke on our side", "It has been written down. Try again; if it stays, tell us the number below."
    ),
    503: Sentence("The database does not answer", "Nothing was changed. Try again in a moment."),
}
RETRY_AFTER_SECONDS: Final = "5"
CSRF: Final = Sentence(
    "This form is too old",
    "It was opened before you last signed in or out. Go back, load the page again, and repeat it.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same page for what never was and for what one may not see."""
    return _page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """500 for a defect of ours; 503 while the database is away, which is no defect and passes."""
    if not isinstance(sys.exc_info()[1], OperationalError):
        return _page(request, 500)
    response = _page(request, 503)
    response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403, CSRF)


def _page(request: HttpRequest, status: int, sentence: Sentence | None = None) -> HttpResponse:
    """A fragment cannot show a page: a script gets the sentence and the id alone."""
    said = sentence or SENTENCES[status]
    template = "errors/_fragment.html" if getattr(request, "htmx", None) else "errors/page.html"
    return render(request, template, {"status": status, "said": said}, status=status)
