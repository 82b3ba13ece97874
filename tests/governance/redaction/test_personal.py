"""What a person is called is shown to who may see it, and found by a key that tells nothing."""

from __future__ import annotations

from governance.redaction.personal import masked_text, personal_key

KEY = b"k" * 32


def test_personal_fields_are_hidden_and_the_rest_is_as_sent() -> None:
    body = b'{ "total":10.00, "email":"ada@x","customer":{"name":"Ada","tags":["vip",""]},"id":12345678901234567 }'
    assert masked_text(body, ["email", "customer"]) == (
        '{ "total":10.00, "email":"•••","customer":{"name":"•••","tags":["•••",""]},"id":12345678901234567 }'
    )


def test_every_item_of_a_list_is_hidden() -> None:
    body = b'{"lines":[{"to":"Ada","sku":"A"},{"to":null,"sku":"B"}]}'
    assert masked_text(body, ["lines.*.to"]) == '{"lines":[{"to":"•••","sku":"A"},{"to":null,"sku":"B"}]}'


def test_both_of_a_duplicate_field_are_hidden() -> None:
    assert masked_text(b'{"email":"a@x","email":"b@x"}', ["email"]) == '{"email":"•••","email":"•••"}'


def test_a_body_that_cannot_be_read_shows_nothing() -> None:
    assert masked_text(b'{"email": "ada@x.example"', ["email"]) is None
    assert masked_text(b"ada@x.example", ["email"]) is None


def test_a_personal_key_finds_the_same_person_however_written() -> None:
    assert personal_key(KEY, " Ada@X.example ") == personal_key(KEY, "ada@x.EXAMPLE")
    assert personal_key(KEY, "ada@x.example") != personal_key(KEY, "ben@x.example")


def test_a_personal_key_is_the_partners_own() -> None:
    assert personal_key(KEY, "ada@x.example") != personal_key(b"o" * 32, "ada@x.example")
    assert personal_key(KEY, "5551234", kind="phone") != personal_key(KEY, "5551234", kind="name")
