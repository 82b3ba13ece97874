"""The suite every connector inherits. Needs pytest; nothing at run time imports it.

    class TestContract(ConnectorContract):
        connector = connector
        folder = Path(__file__).parents[1]

        def sign(self, body, secret, topic): return {…headers of a delivery…}

Fixtures are `tests/fixtures/<event>__<detail>.json`, the event with `_` for `/`: bare payloads of our own invention.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.canonical.encode import as_builtins, canonical_bytes
from connectors.canonical.facts import facts
from connectors.canonical.invariants import breaches
from connectors.sdk import safe_json
from connectors.sdk.connector import Connector
from connectors.sdk.errors import ConnectorError, RequestRefused
from connectors.sdk.quality import quality
from governance.catalogue.manifest import Capability

PERSONAL_NAMES = frozenset(
    (
        "email",
        "contact_email",
        "phone",
        "first_name",
        "firstName",
        "last_name",
        "lastName",
        "address1",
        "address2",
        "zip",
        "latitude",
        "longitude",
        "browser_ip",
        "user_agent",
        "birthday",
    )
)
SECRET_WORDS = ("token", "secret", "password", "key")
ODD_VALUES: tuple[Any, ...] = (None, "", "x", -1, 10**400, True, [], {}, [1], {"x": 1})


class ConnectorContract:
    connector: ClassVar[Connector]
    folder: ClassVar[Path]
    own_events: ClassVar[tuple[str, ...]] = ()  # events of its own reads, beside the manifest's topics
    breaching: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # fixture -> names of the breaches it must show

    def sign(self, body: bytes, secret: str, topic: str) -> dict[str, str]:
        """Headers of a delivery signed with that secret, keys in lower case. Only for connectors with webhooks."""
        raise NotImplementedError

    # What it declares

    def test_the_manifest_is_complete(self) -> None:
        manifest = self.connector.manifest
        assert manifest.key == self.folder.name
        assert manifest.label
        assert manifest.owner
        assert manifest.api_versions
        assert manifest.vendor_pages
        assert manifest.rate_limit.per_second > 0
        assert manifest.rate_limit.concurrency > 0
        names = [field.name for field in manifest.fields]
        assert len(names) == len(set(names))

    def test_it_can_do_what_it_declares_and_no_more(self) -> None:
        connector, declared = self.connector, self.connector.manifest.capabilities
        assert (Capability.WEBHOOKS in declared) == (connector.webhooks is not None)
        assert (Capability.WRITES in declared) == bool(connector.operations)
        assert set(connector.operations) == {spec.name for spec in connector.manifest.operations}
        assert bool(connector.manifest.topics) == (connector.webhooks is not None)

    def test_every_operation_says_what_success_is(self) -> None:
        for spec in self.connector.manifest.operations:
            assert spec.success
            assert spec.object_type

    def test_secrets_are_declared_secret(self) -> None:
        for field in self.connector.manifest.fields:
            named = any(word in field.name.split("_") for word in SECRET_WORDS)
            assert field.secret or not named, f"{field.name} must be secret"
        if self.connector.webhooks is not None:
            assert any(field.purpose == "verify" and field.secret for field in self.connector.manifest.fields)

    def test_a_credential_can_be_tried(self) -> None:
        assert self.connector.probe is not None

    def test_the_rung_is_what_its_rules_come_to(self) -> None:
        found = quality(self.folder)
        assert found.stated == found.rung
        assert found.rung != "none"

    def test_it_says_what_it_reads_and_what_it_will_not_do(self) -> None:
        assert "will not" in (self.folder / "README.md").read_text()

    # What it reads

    def test_every_event_has_a_fixture_and_a_map(self) -> None:
        wanted = {*self.connector.manifest.topics, *self.own_events}
        assert wanted == {event for event, _ in self._fixtures()}
        if self.connector.reader is not None:
            assert wanted == set(self.connector.reader.events())

    def test_every_fixture_becomes_objects_with_exactly_the_breaches_expected(self) -> None:
        for event, path in self._fixtures():
            found = self._read(event, self._document(path))
            assert found, path.name
            shown = tuple(breach.name for one in found for breach in breaches(one))
            assert shown == self.breaching.get(path.stem, ()), path.name

    def test_the_same_event_twice_gives_the_same_object(self) -> None:
        for event, path in self._fixtures():
            document = self._document(path)
            untouched = copy.deepcopy(document)
            first, second = self._read(event, document), self._read(event, document)
            assert [canonical_bytes(one) for one in first] == [canonical_bytes(one) for one in second], path.name
            assert document == untouched, f"{path.name} was changed by reading it"

    def test_ids_are_text_and_money_is_exact(self) -> None:
        for event, path in self._fixtures():
            for one in self._read(event, self._document(path)):
                for name, value in _leaves(as_builtins(one)):
                    assert not isinstance(value, float), f"{path.name}: {name}"
                    if name == "id" or name.endswith("_id"):
                        assert value is None or isinstance(value, str), f"{path.name}: {name}"

    def test_every_object_has_facts(self) -> None:
        for event, path in self._fixtures():
            for one in self._read(event, self._document(path)):
                known = facts(one)
                assert known.object_id == one.id
                assert known.occurred_at is not None
                assert known.occurred_at.tzinfo is not None

    def test_personal_fields_are_declared(self) -> None:
        declared = [pattern.split(".") for pattern in self.connector.manifest.personal_fields]
        for _, path in self._fixtures():
            for place, value in _places(self._document(path)):
                if place[-1] in PERSONAL_NAMES and value not in (None, ""):
                    assert any(_covers(pattern, place) for pattern in declared), f"{path.name}: {'.'.join(place)}"

    def test_damaged_payloads_are_refused_in_words(self) -> None:
        """Whatever a sender may do to a payload ends in an object or in an error of the family, never in a crash."""
        reader = self.connector.reader
        if reader is None:
            pytest.skip("reads no payloads")
        for event, path in self._fixtures():
            for damaged in _damaged(self._document(path)):
                self._name(event, damaged)
                try:
                    for one in reader.canonical(event, damaged):
                        canonical_bytes(one)
                        breaches(one)
                        facts(one)
                except ConnectorError as error:
                    assert error.operator_message.endswith("."), error.operator_message

    def test_what_it_does_not_know_is_refused(self) -> None:
        reader = self.connector.reader
        if reader is None:
            pytest.skip("reads no payloads")
        with pytest.raises(RequestRefused):
            reader.canonical("nothing/like_it", {"id": 1})
        for odd in ([], "text", 1, None, {}):
            with pytest.raises(ConnectorError):
                reader.canonical(reader.events()[0], odd)

    # What it believes

    def test_either_of_two_secrets_verifies(self) -> None:
        for topic, body in self._deliveries():
            assert self._verified(self.sign(body, "new-secret", topic), body, "new-secret", "old-secret")
            assert self._verified(self.sign(body, "old-secret", topic), body, "new-secret", "old-secret")

    def test_one_flipped_byte_is_refused(self) -> None:
        for topic, body in self._deliveries():
            headers = self.sign(body, "secret", topic)
            for position in (0, len(body) // 2, len(body) - 1):
                forged = body[:position] + bytes((body[position] ^ 1,)) + body[position + 1 :]
                assert not self._verified(headers, forged, "secret")

    def test_a_body_written_anew_is_refused(self) -> None:
        for topic, body in self._deliveries():
            headers = self.sign(body, "secret", topic)
            assert not self._verified(headers, json.dumps(json.loads(body)).encode() + b" ", "secret")

    def test_other_secrets_and_no_secrets_are_refused(self) -> None:
        for topic, body in self._deliveries():
            headers = self.sign(body, "secret", topic)
            assert not self._verified(headers, body, "another")
            assert not self._verified(headers, body)
            assert not self._verified(self.sign(body, "", topic), body, "")
            assert not self._verified({}, body, "secret")

    def test_the_envelope_names_topic_and_event(self) -> None:
        for topic, body in self._deliveries():
            envelope = self._webhooks().envelope(self.sign(body, "secret", topic))
            assert envelope.topic == topic
            assert envelope.event_id

    def test_the_subject_is_what_the_object_will_be(self) -> None:
        """The intake names a message before anyone maps it: both must speak of the same version of the same thing."""
        for event, path in self._fixtures():
            if event not in self.connector.manifest.topics:
                continue
            document = self._document(path)
            subject = self._webhooks().subject(event, document)
            (one,) = self._read(event, document)
            assert subject.object_type == type(one).__struct_config__.tag
            assert (subject.object_id, subject.source_version) == (one.id, one.source_version)
            assert subject.order_key
            assert {kind for kind, _ in subject.business_keys} <= set(self.connector.manifest.business_keys)

    # How it goes about it

    def _fixtures(self) -> list[tuple[str, Path]]:
        if self.connector.reader is None:
            pytest.skip("reads no payloads")
        events = {event.replace("/", "_"): event for event in (*self.connector.manifest.topics, *self.own_events)}
        found = sorted((self.folder / "tests" / "fixtures").glob("*.json"))
        return [(events[stem], path) for path in found if (stem := path.stem.partition("__")[0]) in events]

    def _name(self, event: str, document: Any) -> None:
        """The intake names every payload, damaged or not, and may not fall over it."""
        if self.connector.webhooks is None:
            return
        try:
            subject = self.connector.webhooks.subject(event, document)
            assert isinstance(subject.object_id, str)
            assert isinstance(subject.order_key, str)
        except ConnectorError as error:
            assert error.operator_message.endswith("."), error.operator_message

    def _document(self, path: Path) -> Any:
        return safe_json.parse(path.read_bytes())

    def _read(self, event: str, document: Any) -> list[Any]:
        reader = self.connector.reader
        assert reader is not None
        return list(reader.canonical(event, document))

    def _webhooks(self) -> Any:
        if self.connector.webhooks is None:
            pytest.skip("sends no webhooks")
        return self.connector.webhooks

    def _deliveries(self) -> Iterator[tuple[str, bytes]]:
        self._webhooks()
        for event, path in self._fixtures():
            if event in self.connector.manifest.topics:
                yield event, path.read_bytes()

    def _verified(self, headers: Mapping[str, str], body: bytes, *secrets: str) -> bool:
        return bool(self._webhooks().verify(headers=headers, body=body, secrets=secrets))


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, value


def _places(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*place, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner, (*place, "*"))
    else:
        yield place, value


def _covers(pattern: list[str], place: tuple[str, ...]) -> bool:
    """A pattern covers what it names and everything within."""
    return len(pattern) <= len(place) and list(place[: len(pattern)]) == pattern


def _damaged(document: Any) -> Iterator[Any]:
    """The document with one thing at a time taken out or replaced, lists by their first item only."""
    for place in list(_containers(document)):
        for value in (_GONE, *ODD_VALUES):
            damaged = holder = copy.copy(document)
            for step in place[:-1]:
                holder[step] = copy.copy(holder[step])
                holder = holder[step]
            if value is _GONE:
                del holder[place[-1]]
            else:
                holder[place[-1]] = value
            yield damaged


_GONE = object()


def _containers(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*place, key)
        yield from _containers(one, (*place, key))
