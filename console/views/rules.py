"""Routing rules of one connection: what is live, what is proposed, what it would have done, and who decided."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connectors.engine.rules.selectors import compiled, dry_run, rule_sets_of
from connectors.engine.rules.services import (
    RulesRefused,
    approve_rules,
    propose_rules,
    retire_rules,
    roll_back_rules,
    withdraw_rules,
)
from connectors.mapping.errors import MappingRefused
from console.access import requires
from console.views.notices import notify
from governance.audit.gate import GateError
from governance.registry.models import Flow, RetailConnection
from governance.registry.selectors import connection_by_key
from governance.routing.models import RuleSet

EXAMPLE: Final = {
    "rules": [
        {"name": "Test orders", "when": {"eq": ["body.test", True]}, "then": {"filter": "Test orders are no sales"}}
    ]
}
# act -> (service, what it needs, what is said afterwards)
DEEDS: Final[dict[str, tuple[Callable[..., RuleSet], str, str]]] = {
    "approve": (approve_rules, "flows.approve", "is live: it counts for what is routed from now on"),
    "roll-back": (roll_back_rules, "flows.edit", "is live again"),
    "retire": (retire_rules, "flows.edit", "is out of use: messages go to every flow that takes them"),
    "withdraw": (withdraw_rules, "flows.edit", "is withdrawn"),
}
# Of a version in a state: (act, its words on the button)
OFFERED: Final = {
    RuleSet.State.PROPOSED: (("approve", "Approve"), ("withdraw", "Withdraw")),
    RuleSet.State.LIVE: (("retire", "Take out of use"),),
    RuleSet.State.RETIRED: (("roll-back", "Make live again"),),
}
LOOKS: Final = {
    RuleSet.State.PROPOSED: "waiting",
    RuleSet.State.LIVE: "ok",
    RuleSet.State.RETIRED: "paused",
    RuleSet.State.WITHDRAWN: "closed",
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires("connections.view")
def rules(request: HttpRequest, key: str) -> HttpResponse:
    """The form has two buttons: try on stored messages, which changes nothing, and propose."""
    connection = connection_by_key(key)
    if request.method != "POST":
        return _page(request, connection)
    text, reason = request.POST.get("definition", ""), request.POST.get("reason", "")
    if not request.principal.may("flows.edit"):
        return _page(request, connection, text, problem="Your role may not change flows.", status=403)
    try:
        if request.POST.get("deed") == "try":
            return _page(request, connection, text, tried=dry_run(connection, text))
        made = propose_rules(connection, text, by=request.principal, reason=reason)
    except MappingRefused as refusal:
        return _page(request, connection, text, problem=f"These are no rules: {refusal}.", status=422)
    except (RulesRefused, GateError) as refusal:
        return _page(request, connection, text, problem=str(refusal), status=422)
    notify(request, f"Version {made.number} is proposed. Another person has to approve it.")
    return HttpResponseRedirect(reverse("rules", args=[key]))


@require_POST
@requires("connections.view")
def decide(request: HttpRequest, key: str, number: int, act: str) -> HttpResponse:
    """Approve, roll back, retire or withdraw one version."""
    connection = connection_by_key(key)
    found = [one for one in rule_sets_of(connection) if one.number == number]
    if not found or act not in DEEDS:
        raise Http404
    service, _, said = DEEDS[act]
    try:
        service(found[0], by=request.principal, reason=request.POST.get("reason", ""))
    except (RulesRefused, GateError) as refusal:
        notify(request, str(refusal), tone="fail")
    else:
        notify(request, f"Version {number} {said}.")
    return HttpResponseRedirect(reverse("rules", args=[key]))


def _page(
    request: HttpRequest,
    connection: RetailConnection,
    text: str = "",
    *,
    tried: Any = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    versions = rule_sets_of(connection)
    live = next((one for one in versions if one.state == RuleSet.State.LIVE), None)
    context = {
        "connection": connection,
        "live": live,
        "said": _said(live) if live else (),
        "versions": [_version(one, request) for one in versions],
        "flows": Flow.objects.scoped().filter(source=connection),
        "text": text or _pretty(live.definition if live else EXAMPLE),
        "tried": tried,
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "connections/rules.html", context, status=status)


def _version(one: RuleSet, request: HttpRequest) -> dict[str, Any]:
    """A version as the page shows it, with what this reader may do to it."""
    own = one.state == RuleSet.State.PROPOSED and one.proposer_id == request.principal.id
    acts = [
        {"name": act, "words": words}
        for act, words in OFFERED.get(RuleSet.State(one.state), ())
        if request.principal.may(DEEDS[act][1]) and not (act == "approve" and own)
    ]
    look = LOOKS[RuleSet.State(one.state)]
    return {"row": one, "look": look, "acts": acts, "own": own, "text": _pretty(one.definition)}


def _said(live: RuleSet) -> list[tuple[str, str, str]]:
    """(name, when, what happens) of each rule, in the order they are tried."""
    rules = compiled(live)
    if rules.broken:
        return [("All", rules.broken, "held for a person")]
    return [(rule.name, rule.when.text, rule.ruling(str(live)).words) for rule in rules.rules]


def _pretty(definition: Any) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False)
