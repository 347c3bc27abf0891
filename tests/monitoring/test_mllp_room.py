"""Who waits while much is being sent at once, and who does not."""

from monitoring.hl7.room import Room


def test_while_it_is_full_all_wait_who_hold_much_but_the_first() -> None:
    room = Room(most=100, small=10)
    room.holds("first", 50)
    room.holds("second", 45)
    room.holds("third", 10)
    assert [room.full_for(who) for who in ("first", "second", "third", "new")] == [False, True, False, False]
    room.holds("second", 39)
    assert not room.full_for("second")  # 99 of 100 are held


def test_when_the_first_is_done_the_next_goes_on() -> None:
    room = Room(most=100, small=10)
    for who in ("first", "second", "third"):
        room.holds(who, 90)
    room.holds("first", 0)
    assert [room.full_for(who) for who in ("second", "third")] == [False, True]
    assert (room.total, list(room.held)) == (180, ["second", "third"])
