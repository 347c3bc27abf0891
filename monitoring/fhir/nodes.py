"""Looking into a resource that may hold anything: what is not of the wanted shape is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def child(node: Node, name: str) -> Node:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def children(node: Node, name: str) -> list[Node]:
    """The objects of a list; one that stands alone is a list of one."""
    found = node.get(name)
    told = found if isinstance(found, list) else [found]
    return [one for one in told if isinstance(one, dict)]


def text(node: Node, name: str) -> str:
    """A text or a number as written, trimmed."""
    found = node.get(name)
    return found.strip() if isinstance(found, str) else ""


def codes(concept: Node) -> list[str]:
    """The codes of a concept, of whatever system."""
    return [code for coding in children(concept, "coding") if (code := text(coding, "code"))]


def wording(concept: Node) -> str:
    """A concept in words: its text, else what its codings show, else a code."""
    shown = [text(coding, "display") for coding in children(concept, "coding")]
    return next(filter(None, (text(concept, "text"), *shown, *codes(concept))), "")


def wordings(concept: Node) -> Iterator[str]:
    """All the ways in which a concept is told, codes first."""
    yield from codes(concept)
    yield from (text(coding, "display") for coding in children(concept, "coding"))
    yield text(concept, "text")


def identifier(resource: Node) -> str:
    """Its first identifier, the medical record number before others."""
    told = children(resource, "identifier")
    records = [one for one in told if "MR" in codes(child(one, "type"))]
    return next(filter(None, (text(one, "value") for one in (*records, *told))), "")
