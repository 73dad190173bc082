"""XML and JSON documents as plain trees, and what one of them has beyond another.

No model of a service is needed, so members that the SDK does not know are compared as well.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

#: The text of an XML element that has child elements or attributes, too.
_TEXT = "#text"


def xml_tree(document: bytes) -> Any:  # noqa: ANN401 - a text, or a dictionary of trees
    """Return the content of the root element.

    An element without child elements and attributes is its text, any other a dictionary. Repeated
    elements are a list. The namespace of the root element is left out of all names.
    Raises ValueError for anything but XML.
    """
    try:
        root = ET.fromstring(document)  # noqa: S314 - a response of AWS over TLS, which the SDK has parsed
    except ET.ParseError:
        raise ValueError("no XML document") from None
    return _element(root, root.tag.rpartition("}")[0])


def _element(element: ET.Element, namespace: str) -> Any:  # noqa: ANN401 - as `xml_tree`
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        name = child.tag.removeprefix(namespace).removeprefix("}")
        found.setdefault(name, []).append(_element(child, namespace))
    text = element.text or ""
    if not found:
        return text
    texts = [text, *(child.tail or "" for child in element)]
    if any(part.strip() for part in texts):
        found[_TEXT] = texts
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in found.items()
    }


def json_tree(document: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON document; the values of a repeated key are a list.

    Raises ValueError for anything but JSON.
    """
    return json.loads(document, object_pairs_hook=_object)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    return {
        name: [value for other, value in pairs if other == name] if names.count(name) > 1 else value
        for name, value in pairs
    }


def subtree(tree: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - as `xml_tree`
    """Return the tree at a path; raises ValueError if there is none, or several."""
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            raise ValueError(f"the document has no {name}")
        tree = tree[name]
    if not isinstance(tree, dict):
        raise ValueError(f"{'.'.join(path)} is not one structure")  # noqa: TRY004 - the document is wrong, not the caller
    return tree


def members_lost(read: Any, written: Any, unless: Collection[str] = ()) -> list[str]:  # noqa: ANN401 - as `xml_tree`
    """Return the paths of members that would be lost if `written` replaced `read`.

    A path is one of names, with the position in a list: `Origins.Items.Origin[2].New`. A member
    with another value is lost, too. Paths in `unless`, which have no positions, are left out.
    Values are never returned: they may be secrets.
    """
    return list(_lost(read, written, ("", ""), frozenset(unless)))


def _lost(
    read: Any,  # noqa: ANN401 - as above
    written: Any,  # noqa: ANN401 - as above
    place: tuple[str, str],
    unless: frozenset[str],
) -> Iterator[str]:
    """Yield the lost values at a place, whose path is given without and with positions."""
    plain, path = place
    if plain in unless or read is None:
        return
    if isinstance(read, dict) and isinstance(written, dict):
        for name, value in read.items():
            below = (f"{plain}.{name}", f"{path}.{name}") if path else (name, name)
            yield from _lost(value, written.get(name), below, unless)
    elif isinstance(read, list) and isinstance(written, list) and len(read) == len(written):
        for position, (value, other) in enumerate(zip(read, written, strict=True), start=1):
            yield from _lost(value, other, (plain, f"{path}[{position}]"), unless)
    elif type(read) is not type(written) or read != written:
        yield path
