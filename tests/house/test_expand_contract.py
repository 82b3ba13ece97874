"""Old and new code run side by side during an upgrade: a migration only adds, unless nobody uses the thing any more."""

from __future__ import annotations

import tomllib

import pytest
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from tests.house.expand_contract import problems, released
from tests.paths import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
OURS = {app.rpartition(".")[2] for app in settings.INSTALLED_APPS if not app.startswith(("django", "auditlog"))}
# Made before anything was released: no older code runs anywhere. Nothing is ever added to this.
BEFORE_THE_FIRST_RELEASE = {
    ("engine", "0002_paced_endpoints"),
    ("engine", "0003_early_lanes"),
    ("people", "0002_person_preferences"),
}


def refused() -> dict[tuple[str, str], list[str]]:
    """Migration → what is wrong with it; those that say since when nobody uses what they take away are left out."""
    loader, state = MigrationLoader(None), ProjectState()
    found: dict[tuple[str, str], list[str]] = {}
    done: set[tuple[str, str]] = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            if key in done:
                continue
            done.add(key)
            migration = loader.graph.nodes[key]
            wrong = list(problems(migration, state))
            if wrong and key[0] in OURS and getattr(migration, "contracts_after", None) not in released(CHANGELOG):
                found[key] = wrong
    return found


def test_every_migration_leaves_the_release_before_it_running():
    found = {key: wrong for key, wrong in refused().items() if key not in BEFORE_THE_FIRST_RELEASE}
    assert not found, "see docs/how-to/upgrade.md: expand now, contract a release later"


def test_what_is_excused_is_still_there():
    assert set(refused()) >= BEFORE_THE_FIRST_RELEASE


def state() -> ProjectState:
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("note", models.CharField(max_length=40, null=True)),
        ("kind", models.TextField(db_default="")),
    ]
    made = ProjectState()
    made.add_model(ModelState("shop", "Order", fields))
    return made


def judged(*operations: migrations.operations.base.Operation) -> list[str]:
    migration = migrations.Migration("0002_x", "shop")
    migration.operations = list(operations)
    return list(problems(migration, state()))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("order", "note"),
        migrations.RenameField("order", "note", "remark"),
        migrations.RenameModel("Order", "Sale"),
        migrations.DeleteModel("Order"),
        migrations.AddField("order", "total", models.IntegerField(default=0)),
        migrations.AlterField("order", "note", models.CharField(max_length=40)),
        migrations.AlterField("order", "note", models.CharField(max_length=20, null=True)),
        migrations.AlterField("order", "kind", models.TextField()),
        migrations.RunSQL("ALTER TABLE shop_order DROP COLUMN note"),
        migrations.RunSQL(["ALTER TABLE shop_order ALTER COLUMN note SET NOT NULL"]),
        migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN total integer NOT NULL"),
        migrations.RunSQL("ALTER TABLE shop_order RENAME COLUMN note TO remark"),
    ],
)
def test_what_the_release_before_would_stumble_over_is_refused(operation):
    assert len(judged(operation)) == 1


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("order", "total", models.IntegerField(null=True)),
        migrations.AddField("order", "total", models.IntegerField(db_default=0)),
        migrations.AlterField("order", "note", models.CharField(max_length=80, null=True)),
        migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN total integer NOT NULL DEFAULT 0"),
        migrations.RunSQL("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DROP TABLE x $$", "DROP FUNCTION f"),
        migrations.CreateModel("Line", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),
    ],
)
def test_what_only_adds_passes(operation):
    assert judged(operation) == []


def test_only_a_version_that_was_released_counts_as_gone():
    assert released("## 0.3.0 — unreleased\n## 0.2.0 — 2026-12-01\n## 0.1.0 — 2026-11-23\n") == ["0.2.0", "0.1.0"]


def test_the_version_that_is_being_made_stands_in_the_changelog():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version} — " in CHANGELOG
