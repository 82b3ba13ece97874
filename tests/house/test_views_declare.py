"""Every route says what it needs; one that does not is refused when it is asked for."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from console.access import PUBLIC, SIGNED_IN, DeclaredViewsOnly, declared_action, public, requires
from governance.access.roles import ACTIONS


def routes(resolver: URLResolver | None = None, before: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        path = before + str(entry.pattern)
        found += routes(entry, path) if isinstance(entry, URLResolver) else [(path, entry)]
    return found


@pytest.mark.parametrize(("path", "entry"), routes(), ids=[path for path, _ in routes()])
def test_every_route_declares_what_it_needs(path, entry):
    action = declared_action(entry.callback)
    assert action in {PUBLIC, SIGNED_IN, *ACTIONS}, f"{path} declares {action!r}: see console.access"


def test_a_view_that_declares_nothing_does_not_run():
    def forgotten(request):
        raise AssertionError("it ran")

    request = RequestFactory().get("/forgotten/")
    request.principal, request.user, request.session = None, None, {}
    answer = DeclaredViewsOnly(lambda _: HttpResponse()).process_view(request, forgotten, (), {})
    assert answer.status_code == 403
    assert DeclaredViewsOnly(lambda _: HttpResponse()).process_view(request, public(forgotten), (), {}) is None


def test_a_misspelt_action_is_noticed_at_import():
    with pytest.raises(Exception, match="connection.view"):
        requires("connection.view")
