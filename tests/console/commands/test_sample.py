"""Whatever shape a file has, its own bytes are sent."""

from __future__ import annotations

import pytest

from console.tools.sample import Sample, sample_of
from tests.paths import SAMPLES

INNER = b'{"id": 820982911946154508, "total_price":  "1.10", "x": 0.30000000000000004}'


@pytest.mark.parametrize(
    ("raw", "topic", "body"),
    [
        (INNER, "orders/create", INNER),
        (b'{"order": ' + INNER + b"}", "orders/updated", INNER),
        (b'{"refund": ' + INNER + b"}", "refunds/create", INNER),
        (b'{"draft_order": ' + INNER + b"}", "orders/create", b'{"draft_order": ' + INNER + b"}"),
        (b'{"order": 5}', "orders/create", b'{"order": 5}'),
        (b'{"order": ' + INNER + b', "more": 1}', "orders/create", b'{"order": ' + INNER + b', "more": 1}'),
        (b"[1]", "orders/create", b"[1]"),
        (b"\xff\xfe", "orders/create", b"\xff\xfe"),
        (b"", "orders/create", b""),
    ],
)
def test_the_body_is_cut_out_without_touching_a_byte(raw, topic, body):
    assert sample_of(raw, topic) == Sample(body)


def test_a_recorded_delivery_tells_its_version_and_shop():
    raw = (
        b'{"headers": {"X-Shopify-API-Version": "2024-10", "X-Shopify-Shop-Domain": "a.example"}, "body": '
        + INNER
        + b"}"
    )
    assert sample_of(raw, "orders/create") == Sample(INNER, "2024-10", "a.example")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample files are not beside the project")
def test_every_recorded_sample_has_a_body_to_send():
    for file in sorted((SAMPLES / "shopify").glob("webhook_2024*.json")):
        sample = sample_of(file.read_bytes(), "orders/create")
        assert sample.api_version == "2024-10", file.name
        assert sample.body.startswith(b"{"), file.name
