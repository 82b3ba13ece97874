"""Connecting systems and setting up the flows between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from governance.access.principal import Principal
from governance.access.tokens import digest, new_address_secret
from governance.audit.gate import gate
from governance.catalogue.manifest import Capability, Idempotency, Manifest
from governance.credentials.models import Credential
from governance.credentials.services import rotate_secret, store_secret
from governance.egress.selectors import allow_list
from governance.registry import acts  # noqa: F401 registers what is recorded here
from governance.registry.address import INTAKE_SECRET, intake_path_of
from governance.registry.models import Flow, RetailConnection
from governance.registry.pauses import project_flows
from governance.registry.selectors import key_taken
from governance.registry.settings import hosts_of, problems
from tenants.retailers.models import Retailer

KEY: Final = re.compile(r"^[a-z][a-z0-9-]{0,59}$")
RESERVED: Final = frozenset({"new"})  # pages of that name
State = RetailConnection.State
_ACTS: Final = {
    State.ACTIVE: "connection.reconnected",
    State.DISCONNECTED: "connection.disconnected",
}


class ConfigurationRefused(Exception):
    """Nothing was changed. `problems` maps a field's name to one sentence; "" is the whole."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)

    @property
    def operator_message(self) -> str:
        return str(self)


class StaleState(Exception):
    """Somebody else changed it meanwhile: look again."""


@dataclass(frozen=True, slots=True)
class Connected:
    """`intake_path` is shown once, to whoever connected; "" for a system that sends nothing by itself."""

    connection: RetailConnection
    intake_path: str = field(default="", repr=False)


def connect(
    *,
    retailer: Retailer,
    manifest: Manifest,
    key: str,
    label: str,
    config: Mapping[str, str],
    secrets: Mapping[str, str],
    by: Principal,
    reason: str = "",
    live: bool = True,
    at: datetime | None = None,
) -> Connected:
    """A new connection with its secrets stored and, where the system sends webhooks, an intake address.

    Raises:
        ConfigurationRefused: a field is unknown, missing or names a host that may not be called; the key is taken.
        Refused: `by` may not, or does not see this retailer.
    """
    with gate("connection.connected", by=by, retailer=retailer.pk, reason=reason, at=at) as act:
        check_connection(manifest=manifest, key=key, label=label, config=config, secrets=secrets)
        secret = new_address_secret() if Capability.WEBHOOKS in manifest.capabilities else ""
        connection = RetailConnection.objects.create(
            retailer=retailer,
            key=key,
            label=label.strip(),
            connector=manifest.key,
            config=_given(config),
            api_version=config.get("api_version") or _newest_version(manifest),
            intake_hash=digest(secret) if secret else None,
            live=live,
        )
        _store(connection, manifest, secrets, by=by, at=at)
        _store_intake(connection, secret, by=by, at=at)
        act.object, act.after = connection, {"connector": manifest.key, "retailer": retailer.key}
    return Connected(connection, intake_path_of(secret) if secret else "")


def check_connection(
    *, manifest: Manifest, key: str, label: str, config: Mapping[str, str], secrets: Mapping[str, str]
) -> None:
    """Whether `connect` would take this, before anything else is made for it. Raises ConfigurationRefused."""
    _refuse(_key_problems(key, label, RetailConnection) | _setting_problems(manifest, config, secrets))


def reconfigure(
    *,
    connection: RetailConnection,
    manifest: Manifest,
    config: Mapping[str, str],
    secrets: Mapping[str, str],
    by: Principal,
    reason: str,
    label: str | None = None,
    at: datetime | None = None,
) -> RetailConnection:
    """Replace the settings; `secrets` holds only those that change, and the older ones keep working until retired.

    Without `label` the name stays. Where an address names another host, the secrets sent there must be typed again.

    Raises ConfigurationRefused, Refused, ReasonMissing.
    """
    with gate("connection.reconfigured", by=by, object=connection, retailer=connection.retailer_id, reason=reason):
        current = RetailConnection.objects.select_for_update().get(pk=connection.pk)
        stored = Credential.objects.active().filter(connection_id=current.pk).values_list("field", flat=True)
        kept = dict.fromkeys(set(stored) & {f.name for f in manifest.secret_fields()}, "kept")
        current.label = current.label if label is None else label.strip()
        found = _setting_problems(manifest, config, kept | dict(secrets)) | _label_problems(current.label)
        _refuse(_moved_problems(manifest, current.config, config, kept.keys() - secrets.keys()) | found)
        current.config = _given(config)
        current.api_version = config.get("api_version") or current.api_version
        current.save(update_fields=["label", "config", "api_version"])
        for name, value in secrets.items():
            if name in kept:
                rotate_secret(connection_id=current.pk, field=name, value=value, by=by, reason=reason, at=at)
        _store(current, manifest, {n: v for n, v in secrets.items() if n not in kept}, by=by, at=at)
    return current


def renew_intake_address(
    *, connection: RetailConnection, by: Principal, reason: str, at: datetime | None = None
) -> Connected:
    """A new address; the old one answers 404 from now on (within the intake's 30 seconds of memory)."""
    with gate("connection.address_renewed", by=by, object=connection, retailer=connection.retailer_id, reason=reason):
        current = RetailConnection.objects.select_for_update().get(pk=connection.pk)
        if current.intake_hash is None:
            raise ConfigurationRefused({"": f"{current.label} sends nothing by itself: it has no intake address."})
        secret = new_address_secret()
        current.intake_hash = digest(secret)
        current.save(update_fields=["intake_hash"])
        rotate_secret(connection_id=current.pk, field=INTAKE_SECRET, value=secret, by=by, reason=reason, at=at)
    return Connected(current, intake_path_of(secret))


def set_connection_state(*, connection: RetailConnection, state: str, by: Principal, reason: str) -> RetailConnection:
    """Disconnect or reconnect. Raises StaleState when its state is no longer the one `connection` shows.

    To make it wait is a pause: `connectors.engine.pauses`.
    """
    wanted = State(state)
    with gate(_ACTS[wanted], by=by, object=connection, retailer=connection.retailer_id, reason=reason) as act:
        current = RetailConnection.objects.select_for_update().get(pk=connection.pk)
        if current.state != connection.state or current.state == wanted:
            raise StaleState(f"{current.label} is {current.state} by now.")
        act.before, act.after = {"state": current.state}, {"state": str(wanted)}
        current.state = wanted
        current.save(update_fields=["state"])
    return current


def create_flow(
    *,
    retailer: Retailer,
    key: str,
    label: str,
    source: RetailConnection,
    target: RetailConnection,
    operations: Mapping[str, str],
    target_manifest: Manifest,
    by: Principal,
    mode: str = Flow.Mode.STRICT,
    latency: str = Flow.Latency.LIVE,
    business_owner: str = "",
    technical_owner: str = "",
    reason: str = "",
) -> Flow:
    """`operations` maps an object type to an operation of the target, e.g. {"order": "order.upsert"}.

    Raises ConfigurationRefused, Refused.
    """
    with gate("flow.set_up", by=by, retailer=retailer.pk, reason=reason) as act:
        found = _key_problems(key, label, Flow) | _operation_problems(target_manifest, operations)
        found |= _mode_problems(target_manifest, operations, mode)
        if {source.retailer_id, target.retailer_id} != {retailer.pk}:
            found[""] = "A flow connects two systems of one retailer."
        found |= _taken_problems(source, target, operations)
        _refuse(found)
        act.object = Flow.objects.create(
            retailer=retailer,
            key=key,
            label=label.strip(),
            source=source,
            target=target,
            operations=dict(operations),
            mode=Flow.Mode(mode),
            latency=Flow.Latency(latency),
            business_owner=business_owner,
            technical_owner=technical_owner,
        )
        project_flows([act.object.pk])  # its source may be paused
        act.object.refresh_from_db()
    return act.object


def _setting_problems(manifest: Manifest, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    return problems(manifest, config=config, secrets=secrets, allow=allow_list())


def _moved_problems(
    manifest: Manifest, before: Mapping[str, str], after: Mapping[str, str], kept: Collection[str]
) -> dict[str, str]:
    """A stored secret is sent only where it was meant to go: else whoever may change an address could collect it."""
    if hosts_of(after) <= hosts_of(before):
        return {}
    sent = {field.name for field in manifest.secret_fields() if field.purpose != "verify"}
    return dict.fromkeys(sent & set(kept), "Type it again: the address names another host than before.")


def _key_problems(key: str, label: str, model: type[RetailConnection] | type[Flow]) -> dict[str, str]:
    found = {}
    if not KEY.match(key) or key in RESERVED:
        found["key"] = "A key has up to 60 small letters, digits and hyphens, and begins with a letter."
    elif key_taken(model, key):
        found["key"] = f"The key {key!r} is taken."
    return found | _label_problems(label)


def _label_problems(label: str) -> dict[str, str]:
    return {} if label.strip() else {"label": "A name is missing."}


def _operation_problems(manifest: Manifest, operations: Mapping[str, str]) -> dict[str, str]:
    offered = {spec.name: spec.object_type for spec in manifest.operations}
    wrong = [f"{object_type} → {name}" for object_type, name in operations.items() if offered.get(name) != object_type]
    if wrong:
        return {"operations": f"{manifest.label} does not offer {', '.join(wrong)}."}
    return {} if operations else {"operations": "A flow needs at least one operation."}


def _mode_problems(manifest: Manifest, operations: Mapping[str, str], mode: str) -> dict[str, str]:
    """A newer state may follow an uncertain older one by itself only where repeating does no harm."""
    if mode not in Flow.Mode.values:
        return {"mode": "Choose one of these."}
    if mode != Flow.Mode.LATEST_WINS:
        return {}
    blind = {spec.name for spec in manifest.operations if spec.idempotency is Idempotency.NONE}
    if found := sorted(blind & set(operations.values())):
        return {"mode": f"{manifest.label} cannot tell whether {', '.join(found)} took effect: choose another order."}
    return {}


def _taken_problems(source: RetailConnection, target: RetailConnection, types: Iterable[str]) -> dict[str, str]:
    """Two flows of the same would deliver each document twice."""
    for flow in Flow.objects.filter(source=source, target=target):
        if twice := sorted(set(flow.operations) & set(types)):
            return {"operations": f"{flow.label} takes {', '.join(twice)} to {target.label} already."}
    return {}


def _refuse(found: Mapping[str, str]) -> None:
    if found:
        raise ConfigurationRefused(found)


def _given(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in values.items() if value.strip()}


def _store(
    connection: RetailConnection,
    manifest: Manifest,
    secrets: Mapping[str, str],
    *,
    by: Principal,
    at: datetime | None,
) -> None:
    purposes = {declared.name: declared.purpose for declared in manifest.secret_fields()}
    for name, value in secrets.items():
        if value.strip():
            _store_one(connection, name, value.strip(), purposes[name], by=by, at=at)


def _store_intake(connection: RetailConnection, secret: str, *, by: Principal, at: datetime | None) -> None:
    # "call", because every secret of purpose "verify" is a signing key to the intake.
    if secret:
        _store_one(connection, INTAKE_SECRET, secret, "call", by=by, at=at)


def _store_one(
    connection: RetailConnection, name: str, value: str, purpose: str, *, by: Principal, at: datetime | None
) -> None:
    store_secret(
        connection_id=connection.pk,
        retailer_id=connection.retailer_id,
        field=name,
        value=value,
        purpose=purpose,
        by=by,
        at=at,
    )


def _newest_version(manifest: Manifest) -> str:
    return manifest.api_versions[0].name if manifest.api_versions else ""
