"""Names that learners choose are short, on one line, and there once."""

import pytest

from workshop.names import clean_name, same_name


@pytest.mark.parametrize(
    ("said", "is_called"),
    [
        ("ada", "ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Jean-Luc O'Neil_2.0", "Jean-Luc O'Neil_2.0"),
        ("Øystein", "Øystein"),
        ("小林", "小林"),
        ("ｆｕｌｌ", "full"),
        ("a" * 30, "a" * 30),
    ],
)
def test_a_name_may_be_in_any_script(said, is_called):
    assert clean_name(said, "name") == is_called


@pytest.mark.parametrize(
    ("said", "hears"),
    [
        ("", "is empty"),
        (" \t ", "is empty"),
        ("a" * 31, "longer than 30"),
        ("<b>ada</b>", "letters, digits"),
        ("ada\x1b[31m", "letters, digits"),
        ("ada\u202egnp", "letters, digits"),
        ("...", "needs a letter"),
        (7, "is a text"),
        (None, "is a text"),
    ],
)
def test_what_is_no_name_is_told_what_one_is(said, hears):
    with pytest.raises(ValueError, match=hears):
        clean_name(said, "name")


def test_names_that_look_the_same_are_the_same():
    assert same_name("ADA") == same_name("ada")
    assert same_name("ada") != same_name("bob")
