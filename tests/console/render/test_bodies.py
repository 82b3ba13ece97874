"""Stored bodies as a person may see them."""

from __future__ import annotations

import json

from console.render.bodies import shown_body
from console.render.jsontree import MAX_NODES, json_tree


def test_markup_in_a_body_is_text():
    tree = json_tree({"<script>": "<img src=x onerror=alert(1)>", "list": ["</ul>&"]})
    assert "<script>" not in tree
    assert "<img" not in tree
    assert "&lt;/ul&gt;&amp;" in tree


def test_declared_fields_are_masked_and_counted():
    body = shown_body(b'{"email":"a@b.example","total":10.00,"note":""}', ["email", "note"])
    assert (body.kind, body.masked) == ("json", 1)
    assert "a@b.example" not in body.text + body.tree
    assert "10.00" in body.tree


def test_numbers_keep_their_digits_however_long():
    body = shown_body(b'{"id":123456789012345678901234567890,"price":0.10}', [])
    assert "123456789012345678901234567890" in body.tree
    assert "0.10" in body.tree


def test_what_cannot_be_parsed_is_withheld_and_only_revealed_as_text():
    assert shown_body(b'{"a":', []).kind == "withheld"
    assert shown_body(b'{"a":', []).text == ""
    revealed = shown_body(b'{"a": \xff', [], revealed=True)
    assert (revealed.kind, revealed.text) == ("text", '{"a": \\xff')


def test_a_body_that_is_gone_or_empty_says_so():
    assert shown_body(None, []).kind == "gone"
    assert shown_body(b"", []).kind == "empty"


def test_a_huge_document_ends_with_a_remark():
    tree = json_tree(list(range(MAX_NODES + 100)))
    assert "more values: see the raw body" in tree
    assert len(tree) < 400_000


def test_a_large_text_is_cut_and_says_so():
    body = shown_body(json.dumps({"a": "x" * 300_000}).encode(), [])
    assert body.cut
    assert len(body.text) == 256 * 1024
