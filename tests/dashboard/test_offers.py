"""What pages offer to be taken away: under which word, and for how long after it was replaced by something else."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.offers import MOST, File, Offer, Offered, Offers
from tests.dashboard.ward_fixture import NOW

TEN_MINUTES = timedelta(minutes=10)


def find(choice: str, *, now: datetime) -> File:
    return File(f"{choice}.csv", "text/csv", "values shown", ["P-0007"], lambda: choice)


def offered(choice: str, subject: str = "cleo") -> Offered:
    return Offered(Offer(find, (choice,)), subject, subject)


def test_a_page_that_is_drawn_again_with_the_same_choices_keeps_its_word() -> None:
    offers = Offers()
    word = offers.put(offered("ferritin"), "", now=NOW)
    assert offers.put(offered("ferritin"), word, now=NOW + timedelta(hours=5)) == word
    assert offers.of(word, now=NOW + timedelta(hours=6)) == offered("ferritin")


def test_two_pages_with_the_same_choices_have_words_of_their_own() -> None:
    offers = Offers()
    assert offers.put(offered("ferritin"), "", now=NOW) != offers.put(offered("ferritin"), "", now=NOW)


def test_what_was_replaced_can_be_taken_for_ten_minutes_more() -> None:
    offers = Offers()
    before = offers.put(offered("ferritin"), "", now=NOW)
    word = offers.put(offered("platelets"), before, now=NOW)
    assert offers.of(before, now=NOW + TEN_MINUTES) == offered("ferritin")
    assert offers.of(before, now=NOW + TEN_MINUTES + timedelta(seconds=1)) is None
    assert offers.of(word, now=NOW + timedelta(days=1)) == offered("platelets")


def test_somebody_else_at_the_same_screen_gets_another_word() -> None:
    offers = Offers()
    word = offers.put(offered("ferritin", "cleo"), "", now=NOW)
    assert offers.put(offered("ferritin", "vera"), word, now=NOW) != word


def test_of_very_many_the_one_that_was_drawn_longest_ago_is_forgotten_first() -> None:
    offers = Offers()
    words = [offers.put(offered(str(number)), "", now=NOW) for number in range(MOST)]
    offers.put(offered("0"), words[0], now=NOW)
    offers.put(offered("one more"), "", now=NOW)
    assert offers.of(words[0], now=NOW) == offered("0")
    assert offers.of(words[1], now=NOW) is None
    assert offers.of(words[2], now=NOW) == offered("2")
