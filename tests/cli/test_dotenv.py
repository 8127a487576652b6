"""Environment files: what is read, and what is refused without showing a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.dotenv import entries, read_env_files
from runner.errors import UsageError
from runner.source import Source


def read(text: str) -> dict[str, str]:
    return dict(entries(Source(".env", ".env", text)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A=b", "b"),
        ("A=b\n", "b"),
        ("A=b\r\n", "b"),
        ("  export A = b  ", "b"),
        ("A=", ""),
        ("A= # comment", ""),
        ("A=#b", "#b"),
        ("A=b#c", "b#c"),
        ("A=b # comment", "b"),
        ("A=b c\t# comment", "b c"),
        ("A=a=b", "a=b"),
        ("A='b # \"$C\" \\n'", 'b # "$C" \\n'),
        ("A=\"b # '$C'\"", "b # '$C'"),
        ('A="b\\n\\t\\"\\\\ \\$"  # comment', 'b\n\t"\\ $'),
        ("A=$HOME-${X}`id`", "$HOME-${X}`id`"),
        ('A="one\ntwo"', "one\ntwo"),
        ("A='one\ntwo'", "one\ntwo"),
        ("A=1\nA=2", "2"),
        ("\n# A=0\n\t\nA=b\n\n", "b"),
        ("A=ü", "ü"),
    ],
)
def test_a_value_is_read_as_it_stands(text: str, value: str) -> None:
    assert read(text) == {"A": value}


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("A=1\nhunter22\n", "2:1", "a line is NAME=value"),
        ("A=1\n\n1A=hunter22", "3:1", "a line is NAME=value"),
        ("A='hunter22\n", "1:3", "not closed"),
        ('A=1\n  B="hunter22\\"\n', "2:5", "not closed"),
        ('A="hunter22" hunter22', "1:13", "closing quote"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place_without_its_value(text: str, where: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(text)
    assert str(refused.value).startswith(f".env:{where}: ")
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_a_later_file_wins_and_each_variable_knows_its_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("X=1\nY=1\n")
    (tmp_path / "b").write_text("Y=2\n")
    files = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert read_env_files(files) == {"X": ("1", files[0]), "Y": ("2", files[1])}
    with pytest.raises(UsageError, match="No such file"):
        read_env_files([str(tmp_path / "gone")])
