"""W3: a partner with a loaded past, and its pages measured by `pages`.

    python -m tests.bench.w3 [--deliveries 1000000] [--n 200]     # starts and stops everything itself

`prepare_past` and `measure_past` are for a stage that stands already.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from console.embedded.ports import free_port
from tests.bench import serve
from tests.bench.pages import PAGES, PageRow, measure_pages, table
from tests.bench.processes import Stage, answers, stage
from tests.paths import ROOT

PARTNER, HOST, PERSON = "w3", "w3.localhost", "owner@w3.example"


def prepare_past(env: Mapping[str, str], deliveries: int) -> str:
    """Makes the partner with its past in the stage's database; a signed-in person's cookie. Minutes a million."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.w3", "--prepare", "--deliveries", str(deliveries)]
    told = subprocess.run(command, cwd=ROOT, env=dict(env), check=True, stdout=subprocess.PIPE, text=True).stdout
    return told.strip().rpartition("\n")[2]


def measure_past(made: Stage, cookie: str, n: int) -> list[PageRow]:
    """By a web process of its own, which believes that TLS ends in front of it, as on a server."""
    port = free_port()
    made.env["TRUST_PROXY_SSL_HEADER"] = "1"
    made.serve("pages", "web", "--port", str(port))
    try:
        answers(f"http://127.0.0.1:{port}/livez")
        headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
        counted = ("pages", "postgres")
        return measure_pages(
            f"http://127.0.0.1:{port}",
            cookie,
            PAGES,
            n,
            headers=headers,
            cpu=lambda: sum(made.cpu()[name] for name in counted),
        )
    finally:
        made.stop("pages")


def _prepare(deliveries: int) -> str:
    """In this process, as the owner. Django is set up here, so its models are imported here."""
    os.environ.update(serve.environment() | {"SIGNALBOX_ROLE": "owner"})
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from governance.access.partners import create_partner
    from governance.access.principal import command
    from tenants.context import ALL, partner_scope
    from tenants.people.models import Person
    from tests.support.web import session_of

    facts = {"key": PARTNER, "name": "W3", "host": HOST, "owner_email": PERSON, "owner_name": "Olga Owner"}
    partner = create_partner(**facts, by=command("bench"), at=datetime.now(UTC)).partner
    call_command("load_history", deliveries=deliveries, partner=PARTNER, stdout=sys.stderr)
    with partner_scope(partner.schema_name, ALL):
        person = Person.objects.get(email=PERSON)
        person.set_password("only for the bench, and long")
        person.save()
        return f"{settings.SESSION_COOKIE_NAME}={session_of(PERSON)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--prepare", action="store_true", help="only make the partner and its past")
    chosen = parser.parse_args()
    if chosen.prepare:
        sys.stdout.write(_prepare(chosen.deliveries) + "\n")
        return 0
    with stage() as made:
        began = time.monotonic()
        cookie = prepare_past(made.env, chosen.deliveries)
        loaded = f"{chosen.deliveries:,} deliveries were loaded in {time.monotonic() - began:.0f} s"
        sys.stdout.write(f"{loaded}\n\n{table(measure_past(made, cookie, chosen.n))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
