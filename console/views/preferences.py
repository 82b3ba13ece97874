"""How one person wants to read: theme, density, times, zone, keys. Theirs alone, so no permission and no trail."""

from __future__ import annotations

from typing import Final
from zoneinfo import available_timezones

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.views.decorators.http import require_POST

from console.access import safe_next, signed_in

# field of Person -> (words, value -> words)
PREFERENCES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "theme": ("Theme", {"light": "Light", "dark": "Dark", "system": "System"}),
    "density": ("Density", {"compact": "Compact", "comfortable": "Comfortable"}),
    "times": ("Times", {"relative": "Relative", "absolute": "Absolute"}),
    "zone": ("Time zone", {"mine": "Mine", "retailer": "Retailer’s", "utc": "UTC"}),
    "shortcuts": ("Shortcuts", {True: "On", False: "Off"}),
}
FLAGS: Final = {"true": True, "false": False}


@require_POST
@signed_in
def preferences(request: HttpRequest) -> HttpResponse:
    """Set what the form names; answers 204 to a script and goes back to the page otherwise."""
    changed = [name for name in PREFERENCES if name in request.POST]
    for name in changed:
        text = request.POST[name]
        value = FLAGS.get(text.lower(), text) if name == "shortcuts" else text
        if value not in PREFERENCES[name][1]:
            return HttpResponseBadRequest(f"{name} cannot be {text[:20]!r}")
        setattr(request.user, name, value)
    if "timezone" in request.POST:
        if request.POST["timezone"] not in available_timezones():
            return HttpResponseBadRequest("this is no time zone")
        request.user.timezone = request.POST["timezone"]
        changed.append("timezone")
    request.user.save(update_fields=changed)
    if request.headers.get("Accept") == "application/json":
        return HttpResponse(status=204)
    return HttpResponseRedirect(safe_next(request, request.POST.get("next", ""), otherwise="/"))
