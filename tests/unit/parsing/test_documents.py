"""What a document has beyond another is found at every level, and no value is quoted."""

from __future__ import annotations

from typing import Any

import pytest

from certificate_lifecycle.parsing.documents import json_tree, members_lost, subtree, xml_tree


@pytest.mark.parametrize(
    ("document", "tree"),
    [
        ("<a/>", ""),
        ("<a>text</a>", "text"),
        ("<a> </a>", " "),
        ("<a><b/><c>1</c></a>", {"b": "", "c": "1"}),
        ("<a><b>1</b><b>2</b></a>", {"b": ["1", "2"]}),
        ("<a>\n <b>1</b>\n</a>", {"b": "1"}),
        ("<a><b x='1'>2</b></a>", {"b": {"@x": "1", "#text": "2"}}),
        ("<a><b x='1'/></a>", {"b": {"@x": "1"}}),
        ("<a>before<b/>after</a>", {"b": "", "#text": ["before", "after"]}),
        ("<a xmlns='urn:a'><b>1</b></a>", {"b": "1"}),
        ("<a xmlns='urn:a'><b xmlns=''>1</b></a>", {"b": "1"}),
        ("<a xmlns='urn:a'><b xmlns='urn:b'>1</b></a>", {"{urn:b}b": "1"}),
        ("<a><b xmlns='urn:b'>1</b></a>", {"{urn:b}b": "1"}),
    ],
)
def test_an_xml_document_is_read_as_a_tree(document: str, tree: object) -> None:
    assert xml_tree(document.encode()) == tree


@pytest.mark.parametrize("document", [b"", b"text", b"<a>", b"{}"])
def test_anything_but_xml_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="no XML document"):
        xml_tree(document)


def test_the_values_of_a_repeated_json_key_are_all_kept() -> None:
    assert json_tree(b'{"a": 1, "b": {"c": 2, "c": 3}}') == {"a": 1, "b": {"c": [2, 3]}}


@pytest.mark.parametrize("document", [b"", b"<a/>", b"{"])
def test_anything_but_json_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_tree(document)


def test_one_structure_is_found_by_its_path() -> None:
    tree = {"a": {"b": {"c": "1"}}}
    assert subtree(tree, ()) == tree
    assert subtree(tree, ("a", "b")) == {"c": "1"}


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({}, "has no a"),
        ("text", "has no a"),
        ({"a": "text"}, "a is not one structure"),
        ({"a": [{}, {}]}, "a is not one structure"),
    ],
)
def test_a_structure_that_is_missing_or_there_twice_is_refused(tree: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        subtree(tree, ("a",))


@pytest.mark.parametrize(
    ("read", "written", "lost"),
    [
        ({}, {}, []),
        ({"a": "1"}, {"a": "1", "b": "2"}, []),
        ({"a": None}, {}, []),
        ({"a": "secret"}, {}, ["a"]),
        ({"a": ""}, {}, ["a"]),
        ({"a": {}}, {}, ["a"]),
        ({"a": []}, {}, ["a"]),
        ({"a": False}, {}, ["a"]),
        ({"a": "secret"}, {"a": "other"}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, {"a": "1"}, ["a"]),
        ({"a": {"b": {"c": "1", "d": "2"}}}, {"a": {"b": {"d": "2"}}}, ["a.b.c"]),
        ({"a": {"b": "1"}}, {"a": "1"}, ["a"]),
        ({"a": ["1", "2"]}, {"a": ["1"]}, ["a"]),
        ({"a": ["1", "2"]}, {"a": "1"}, ["a"]),
        ({"a": ["1", {"b": "2"}]}, {"a": ["1", {}]}, ["a[2].b"]),
        ({"a": "1", "b": "2"}, {}, ["a", "b"]),
    ],
)
def test_every_member_that_is_missing_or_has_another_value_is_named(
    read: Any,  # noqa: ANN401 - a tree
    written: Any,  # noqa: ANN401 - a tree
    lost: list[str],
) -> None:
    assert members_lost(read, written) == lost


def test_members_that_are_meant_to_change_are_left_out() -> None:
    read = {"a": {"b": "1", "c": "2"}, "d": "3", "c": "4"}
    assert members_lost(read, {"a": {"b": "5"}}, {"a.b", "d"}) == ["a.c", "c"]


def test_a_member_that_is_meant_to_change_is_left_out_at_every_position_of_a_list() -> None:
    read = {"a": [{"b": "1", "c": "2"}, {"b": "3", "c": "4"}]}
    assert members_lost(read, {"a": [{"c": "2"}, {}]}, {"a.b"}) == ["a[2].c"]
    assert members_lost({"a": read["a"][0]}, {"a": {}}, {"a.b"}) == ["a.c"]
