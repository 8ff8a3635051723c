"""Who takes part: each name once, the same learner after a restart, and orders for those whom they are meant for."""

import stat

import pytest

from workshop.messages import Joining, Recipients, Report
from workshop.orders import LATE_AFTER_SECONDS, Answer, Wish
from workshop.roster import AWAY_AFTER_SECONDS, MOST_LEARNERS, NotTaken, Removed, Roster, Unknown

ON = Wish("on", "missing-index", {"table": "users"})


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "roster.json"


@pytest.fixture
def roster(file, clock):
    return Roster(file, clock)


def token(name):
    return f"secret of {name}".ljust(20, ".")


def join(roster, name, team=None, its_token=None):
    return roster.join(Joining(name, team, its_token or token(name)))


def report(roster, name, *answers, on=()):
    told = Report(True, 5, 5, "", 3, 24, 40, 500, "4. Buckets", on, answers)
    return roster.report(token(name), told)


def newest_order(roster, name):
    return next(one["order"] for one in roster.for_instructor() if one["name"] == name)


def test_everybody_sees_name_team_and_progress_and_nothing_of_the_lab(roster):
    join(roster, "ada", "red")
    report(roster, "ada", on=("missing-index",))

    assert roster.for_everybody() == [
        {
            "name": "ada",
            "team": "red",
            "here": True,
            "solved": 3,
            "exercises": 24,
            "points": 40,
            "pointsPossible": 500,
            "at": "4. Buckets",
        }
    ]


def test_a_name_is_there_once(roster):
    join(roster, "ada")

    with pytest.raises(NotTaken, match="somebody is called ada already: choose another name"):
        join(roster, "ADA", its_token=token("another machine"))


def test_who_comes_back_is_the_same_and_may_change_the_team(roster, file, clock):
    join(roster, "ada", "red")
    join(Roster(file, clock), "ada", "blue")

    assert [(one["name"], one["team"]) for one in Roster(file, clock).for_everybody()] == [("ada", "blue")]


def test_a_machine_under_another_name_is_no_second_learner(roster):
    join(roster, "ada", its_token=token("machine"))
    join(roster, "grace", its_token=token("machine"))

    assert [one["name"] for one in roster.for_everybody()] == ["grace"]


def test_the_workshop_has_room_for_so_many(roster):
    for number in range(MOST_LEARNERS):
        join(roster, str(number))
    with pytest.raises(NotTaken, match=f"room for {MOST_LEARNERS}"):
        join(roster, "ada")


def test_who_leaves_is_gone_and_the_name_is_free(roster):
    join(roster, "ada")
    roster.leave(token("ada"))

    assert roster.for_everybody() == []
    join(roster, "ada", its_token=token("another machine"))


def test_who_does_not_report_is_away(roster, clock):
    join(roster, "ada")
    clock.now += AWAY_AFTER_SECONDS + 1

    assert [one["here"] for one in roster.for_everybody()] == [False]
    report(roster, "ada")
    assert [one["here"] for one in roster.for_everybody()] == [True]


@pytest.mark.parametrize(
    ("recipients", "reached"),
    [
        (Recipients(), ["ada", "grace", "linus"]),
        (Recipients(team="RED"), ["ada", "grace"]),
        (Recipients(learner="Linus"), ["linus"]),
    ],
)
def test_an_order_is_for_all_for_a_team_or_for_one(roster, recipients, reached):
    for name, team in (("ada", "red"), ("grace", "red"), ("linus", None)):
        join(roster, name, team)

    assert roster.give(recipients, ON) == reached
    got = [name for name in ("ada", "grace", "linus") if report(roster, name)]
    assert got == reached


def test_an_order_stands_until_the_lab_says_what_became_of_it(roster):
    join(roster, "ada")
    roster.give(Recipients(), ON)

    [order] = report(roster, "ada")
    assert (order["do"], order["fault"], order["set"]) == ("on", "missing-index", {"table": "users"})
    assert report(roster, "ada") == [order]
    assert newest_order(roster, "ada")["state"] == "waiting"
    assert report(roster, "ada", Answer(order["id"], "refused", "an incident runs")) == []
    assert newest_order(roster, "ada")["state"] == "refused"
    assert newest_order(roster, "ada")["says"] == "an incident runs"


def test_an_order_that_nobody_asks_for_is_dropped(roster, clock):
    join(roster, "ada")
    roster.give(Recipients(), ON)
    clock.now += LATE_AFTER_SECONDS + 1

    assert report(roster, "ada") == []
    assert newest_order(roster, "ada")["state"] == "late"


def test_a_restart_forgets_neither_learners_nor_orders_and_gives_no_number_twice(roster, file, clock):
    join(roster, "ada", "red")
    roster.give(Recipients(), ON)
    roster = Roster(file, clock)
    roster.give(Recipients(), Wish("clear"))

    first, second = report(roster, "ada")
    assert (first["do"], second["do"]) == ("on", "clear")
    assert first["id"] < second["id"]


def test_the_file_is_for_its_owner_and_holds_no_token(roster, file):
    join(roster, "ada")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token("ada") not in file.read_text()


def test_who_was_removed_is_told_so_until_he_joins_again(roster, file, clock):
    join(roster, "ada")
    roster.remove("Ada")

    with pytest.raises(Removed):
        report(Roster(file, clock), "ada")
    join(roster, "ada")
    assert report(roster, "ada") == []


def test_nobody_is_meant_and_says_so(roster):
    with pytest.raises(Unknown, match="nobody has joined"):
        roster.give(Recipients(), ON)
    join(roster, "ada")
    with pytest.raises(Unknown, match="team 'red'"):
        roster.give(Recipients(team="red"), ON)
    with pytest.raises(Unknown, match="'bob'"):
        roster.remove("bob")
    with pytest.raises(Unknown, match="join first"):
        report(roster, "bob")


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 7}', '{"version": 1, "learners": [{}]}'])
def test_a_file_of_something_else_is_an_error_and_stays(file, clock, content):
    file.write_text(content)

    with pytest.raises(ValueError, match="delete it"):
        Roster(file, clock)
    assert file.read_text() == content
