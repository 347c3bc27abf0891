from __future__ import annotations

import math

import pytest

from monitoring import numbers
from monitoring.numbers import decimal_mark, number


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("12000", 12000.0, ""),
        ("  12000  ", 12000.0, ""),
        ("1.2E+04", 12000.0, ""),
        (".5", 0.5, ""),
        ("0", 0.0, ""),
        ("-3.5", -3.5, ""),
        (">100000", 100000.0, ">"),
        ("< 0.5", 0.5, "<"),
        ("≤3", 3.0, "<="),
        ("≥ 3", 3.0, ">="),
        ("<=3", 3.0, "<="),
    ],
)
def test_digits_with_a_comparator_before_them_are_a_number(text: str, value: float, comparator: str) -> None:
    assert number(text) == (value, comparator, "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", numbers.BLANK),
        ("   ", numbers.BLANK),
        ("<", numbers.BLANK),
        ("hemolysed", numbers.WORDS),
        ("neg", numbers.WORDS),
        ("n/a", numbers.WORDS),
        ("-", numbers.WORDS),
        ("+++", numbers.WORDS),
        ("NaN", numbers.WORDS),
        ("inf", numbers.WORDS),
        ("-Infinity", numbers.WORDS),
        ("0x10", numbers.MORE),
        ("1_000", numbers.MORE),
        ("12000 H", numbers.MORE),
        ("12000*", numbers.MORE),
        ("12 000", numbers.MORE),
        ("1.2.3", numbers.MORE),
        ("+5", numbers.MORE),
        ("١٢٠٠٠", numbers.DIGITS),
        ("1e400", numbers.SIZE),
        ("1e-400", numbers.SIZE),
        ("12,000", numbers.COMMA),
        ("1,4", numbers.COMMA),
    ],
)
def test_what_python_or_a_reader_might_kindly_take_for_a_number_is_none(text: str, fault: str) -> None:
    value, comparator, told = number(text)
    assert math.isnan(value)
    assert (comparator, told) == ("", fault)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1234,5", 1234.5), ("1,4", 1.4), ("1.234,5", 1234.5), ("12,000", 12.0), ("1,2E+04", 12000.0), ("12", 12.0)],
)
def test_in_a_file_of_decimal_commas_a_comma_is_the_decimal_mark(text: str, value: float) -> None:
    assert number(text, ",") == (value, "", "")


def test_a_comparator_may_stand_before_a_decimal_comma() -> None:
    assert number("<0,5", ",") == (0.5, "<", "")


@pytest.mark.parametrize("text", ["1.234", "12.5", "1.234.567"])
def test_in_a_file_of_decimal_commas_a_point_is_ambiguous(text: str) -> None:
    assert number(text, ",")[2] == numbers.DOT


def test_two_commas_are_never_one_decimal_mark() -> None:
    assert number("1,234,567", ",")[2] == numbers.MORE


@pytest.mark.parametrize("text", ["1,4", "1234,5", "0,123", "1.234,5", "<0,5", " 12,5 "])
def test_one_number_that_needs_a_decimal_comma_decides_for_its_file(text: str) -> None:
    assert decimal_mark([["700", text], ["neg"]], ";") == ","


@pytest.mark.parametrize("text", ["1,234", "12,000", "1,234,567", "1,234.5", "a,5", "700"])
def test_what_may_be_thousands_or_text_decides_nothing(text: str) -> None:
    assert decimal_mark([[text]], ";") == "."


def test_a_comma_separated_file_has_no_decimal_commas() -> None:
    assert decimal_mark([["1,4"]], ",") == "."
