"""What each kind of rule must bring: its parameters, their order, and what its sentences may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from monitoring.catalog_entries import Entry
from monitoring.errors import CatalogError

LONGEST_SENTENCE = 9  # words: a sentence is read at a glance


@dataclass(frozen=True)
class Kind:
    """
    `ordered` pairs name parameters of which the first must be below the second, where both are given; of the pairs in
    `together` exactly one must be given, and whole. `shares` lie between 0 and 1, `positive` ones are
    above zero, only `signed` ones may be below it; those in `alike` are lists of
    one length.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    ordered: tuple[tuple[str, str], ...]
    together: tuple[tuple[str, str], ...]
    choices: Mapping[str, tuple[str, ...]]
    sentences: tuple[str, ...]
    speaks_of: tuple[str, ...]
    shares: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


def kind(entry: Entry) -> Kind:
    choices = entry.value("choices", {})
    return Kind(
        name=entry.code,
        required=entry.texts("required"),
        optional=entry.texts("optional", ()),
        ordered=pairs(entry, "ordered"),
        together=pairs(entry, "together"),
        choices={name: tuple(allowed) for name, allowed in choices.items()},
        sentences=entry.texts("sentences", ()),
        speaks_of=entry.texts("speaks_of", ()),
        shares=entry.texts("shares", ()),
        positive=entry.texts("positive", ()),
        signed=entry.texts("signed", ()),
        alike=entry.texts("alike", ()),
    )


def pairs(entry: Entry, field: str) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in entry.value(field, []))


@dataclass(frozen=True)
class Stand:
    """Where a rule's numbers stand: its own entry, and the site's, which wins for what it names."""

    home: Entry
    site: Entry | None

    def wrong(self, name: str, message: str) -> CatalogError:
        if self.site and name in self.site.table:
            return self.site.wrong(name, message)
        return self.home.wrong(f"parameters.{name}", message)

    def changed(self, *names: str) -> str:
        """Of parameters that do not fit one another the one to mend: what the site changed, else the first."""
        return next((name for name in names if self.site and name in self.site.table), names[0])


def check_parameters(kind: Kind, parameters: Mapping[str, Any], at: Stand) -> None:
    for name in kind.required:
        if name not in parameters:
            raise at.wrong(name, f"is missing: a rule of kind {kind.name} needs it")
    for name, value in parameters.items():
        if name not in kind.required + kind.optional:
            raise at.wrong(name, f"is not a parameter of kind {kind.name}")
        check_value(kind, name, value, at)
    check_together(kind, parameters, at)
    if len({len(parameters[name]) for name in kind.alike if isinstance(parameters.get(name), tuple)}) > 1:
        raise at.wrong(at.changed(*kind.alike), f"{', '.join(kind.alike)} should hold as many entries as one another")
    for low, high in kind.ordered:
        if low in parameters and high in parameters and not parameters[low] < parameters[high]:
            found = f"{low}, {parameters[low]!r}, should be below {high}, {parameters[high]!r}"
            raise at.wrong(at.changed(low, high), f"is out of order: {found}")


def check_together(kind: Kind, parameters: Mapping[str, Any], at: Stand) -> None:
    given = [pair for pair in kind.together if set(pair) & set(parameters)]
    if kind.together and (len(given) != 1 or not set(given[0]) <= set(parameters)):
        wanted = " or ".join(" with ".join(pair) for pair in kind.together)
        raise at.home.wrong("parameters", f"should hold {wanted}, one of the two and not both")


def check_value(kind: Kind, name: str, value: Any, at: Stand) -> None:
    numbers = value if isinstance(value, tuple) else (value,)
    if not numbers:
        raise at.wrong(name, "should not be empty")
    allowed = kind.choices.get(name)
    if allowed and not set(numbers) <= set(allowed):
        raise at.wrong(name, f"should be of {', '.join(allowed)}, found {value!r}")
    numeric = [one for one in numbers if isinstance(one, int | float)]
    if name not in kind.signed and any(one < 0 for one in numeric):
        raise at.wrong(name, f"should not be below zero, found {value!r}")
    if name in kind.shares and not all(0 < one < 1 for one in numeric):
        raise at.wrong(name, f"should lie between 0 and 1, found {value!r}")
    if name in kind.positive and not all(one > 0 for one in numeric):
        raise at.wrong(name, f"should be above zero, found {value!r}")
    if name not in kind.alike and len(numeric) == len(numbers) and list(numbers) != sorted(set(numeric)):
        raise at.wrong(name, f"should rise from one to the next, found {value!r}")


def check_sentences(kind: Kind, sentences: Mapping[str, str], entry: Entry) -> None:
    for name in kind.sentences:
        if name not in sentences:
            raise entry.wrong(f"sentences.{name}", f"is missing: a rule of kind {kind.name} says it")
    for name, template in sentences.items():
        check_sentence(kind, f"sentences.{name}", template, entry)


def check_sentence(kind: Kind, field: str, template: str, entry: Entry) -> None:
    try:
        spoken = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as trouble:
        raise entry.wrong(field, f"is no template: {trouble}") from trouble
    for name in spoken:
        if name not in kind.speaks_of:
            raise entry.wrong(field, f"speaks of {{{name}}}, which a rule of kind {kind.name} cannot fill in")
    if len(template.split()) > LONGEST_SENTENCE:
        raise entry.wrong(field, f"should have at most {LONGEST_SENTENCE} words, has {len(template.split())}")
