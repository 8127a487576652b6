"""Records: what cannot change does not, and what is hidden stays so."""

from __future__ import annotations

import pytest

from runner.cli.options import ExecuteOptions, TapedOptions, WhereOptions
from runner.cli.run import RunOptions
from runner.cli.test import SuiteOptions
from runner.records import Frozen, Mutable, changed, field_names, replace, set_field, values_of


class Login(Frozen):
    user: str
    password: str = ""
    HIDDEN = ("password",)


class Guarded(Login):
    code: str = ""
    HIDDEN = ("code",)


class Kept(Frozen):
    text: str

    def __post_init__(self) -> None:
        set_field(self, "text", self.text.strip())


class Counter(Mutable):
    number: int = 0


def test_a_frozen_record_cannot_change_and_a_mutable_one_can() -> None:
    with pytest.raises(AttributeError):
        Login("ann").user = "bob"  # type: ignore[misc]
    counter = Counter()
    counter.number += 1
    assert counter == Counter(1)


def test_what_is_hidden_is_in_no_text_of_a_record_nor_of_those_that_are_made_of_it() -> None:
    assert repr(Login("ann", "sesame")) == "Login(user='ann')"
    assert repr(Guarded("ann", "sesame", "1234")) == "Guarded(user='ann')"


@pytest.mark.parametrize("kind", [WhereOptions, ExecuteOptions, TapedOptions, RunOptions, SuiteOptions])
def test_no_text_of_options_has_the_credentials_that_they_hold(kind: type[WhereOptions]) -> None:
    shown = repr(kind(**{name: f"<{name}>" for name in field_names(kind)}))
    assert "<timeout>" in shown or kind is WhereOptions
    assert "<proxy>" not in shown
    assert "<auth>" not in shown


def test_a_field_may_be_settled_while_a_record_is_made() -> None:
    assert Kept(" a ").text == "a"
    assert replace(Kept("a"), text=" b ").text == "b"


def test_a_record_that_has_the_values_already_is_given_itself() -> None:
    login = Login("ann")
    assert changed(login, user="ann", password="") is login
    assert changed(login, user="bob") == Login("bob")
    assert (field_names(Login), values_of(login)) == (("user", "password"), {"user": "ann", "password": ""})
