"""What is told of what was found: levels of rules, and comments that silence them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runner import api, levels
from runner.levels import RuleLevel
from runner.source import Member, Place, Source
from tests.cli.process import arazzo, documents

LINES = """\
  - stepId: list
    operationId: listThings{on_line}
    successCriteria:
    {above}
    - condition: $statusCode == 201{beside}
    outputs: {{spare: $response.header.ETag}}
"""


def found(
    folder: Path,
    levels: Mapping[str, RuleLevel] | None = None,
    *,
    on_line: str = "",
    above: str = "",
    beside: str = "",
    top: str = "",
) -> list[str]:
    document = documents(folder, "https://things.test", LINES.format(on_line=on_line, above=above, beside=beside))
    document.write_text(top + document.read_text(encoding="utf-8"), encoding="utf-8")
    checked = api.check(str(document), api.Sources(levels=levels or {}))
    return [f"{each.severity}[{each.rule}]: {each.message}" for each in checked.diagnostics]


SAID = "warning[undeclared-status]: GET /things does not declare the status 201"


def test_a_rule_says_what_it_says_by_itself(tmp_path: Path) -> None:
    assert found(tmp_path) == [SAID]


@pytest.mark.parametrize(("level", "said"), [("off", []), ("warning", [SAID]), ("error", ["error" + SAID[7:]])])
def test_a_level_decides_what_a_rule_is(tmp_path: Path, level: RuleLevel, said: list[str]) -> None:
    assert found(tmp_path, {"undeclared-status": level}) == said


def test_a_rule_that_is_off_by_itself_can_be_turned_on(tmp_path: Path) -> None:
    assert found(tmp_path, {"unused-output": "warning", "undeclared-status": "off"}) == [
        "warning[unused-output]: nothing uses the output 'spare' of step 'list'"
    ]


@pytest.mark.parametrize(
    "where",
    [
        {"beside": "  # arazzo: ignore[undeclared-status]"},
        {"beside": "  # arazzo: ignore[undeclared-status, unused-output] the API says so itself"},
        {"above": "# arazzo: ignore[undeclared-status]"},
        {"top": "# arazzo: ignore-file[undeclared-status]\n"},
    ],
)
def test_a_comment_silences_its_line_the_next_one_or_the_whole_document(tmp_path: Path, where: dict[str, str]) -> None:
    assert found(tmp_path, **where) == []


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            {"on_line": "  # arazzo: ignore[undeclared-status]"},
            "there is nothing of 'undeclared-status' to silence here",
        ),
        ({"beside": "  # arazzo: ignore[undeclared-state]"}, "there is nothing of 'undeclared-state' to silence here"),
        ({"beside": "  # arazzo: ignore"}, "this comment names no rule"),
    ],
)
def test_a_comment_that_silences_nothing_is_told(tmp_path: Path, where: dict[str, str], said: str) -> None:
    assert sorted(found(tmp_path, **where)) == sorted([SAID, f"warning[unused-ignore]: {said}"])


def test_an_error_cannot_be_silenced(tmp_path: Path) -> None:
    steps = "  - {stepId: list, operationId: listThing}  # arazzo: ignore[unknown-operation]\n"
    checked = api.check(str(documents(tmp_path, "https://things.test", steps)))
    assert [each.message for each in checked.diagnostics] == [
        "there is no operation 'listThing' in the source 'api'",
        "an error cannot be silenced",
    ]


def test_an_error_that_is_to_be_off_says_that_it_stays(tmp_path: Path) -> None:
    steps = "  - {stepId: list, operationId: listThing}\n"
    location = str(documents(tmp_path, "https://things.test", steps))
    checked = api.check(location, api.Sources(levels={"unknown-operation": "off"}))
    assert [each.notes for each in checked.errors] == [("this is an error, which no setting of [rules] turns off",)]


def test_text_that_looks_like_a_comment_silences_nothing(tmp_path: Path) -> None:
    steps = LINES.format(on_line="", above="- condition: \"$url != '# arazzo: ignore[undeclared-status]'\"", beside="")
    steps += "    description: |\n      # arazzo: ignore-file[undeclared-status]\n"
    checked = api.check(str(documents(tmp_path, "https://things.test", steps)))
    assert [each.rule for each in checked.diagnostics] == ["undeclared-status"]


def test_the_levels_of_a_project_are_in_its_configuration(tmp_path: Path) -> None:
    documents(tmp_path, "https://things.test", LINES.format(on_line="", above="", beside=""))
    config = tmp_path / "arazzo.toml"
    config.write_text("[rules]\nundeclared-status = 'error'\n", encoding="utf-8")
    assert arazzo("check", "flow.arazzo.yaml", cwd=tmp_path).code == 3
    assert arazzo("run", "flow.arazzo.yaml", "--sandbox", cwd=tmp_path).code == 3
    config.write_text("[rules]\nundeclared-status = 'off'\n", encoding="utf-8")
    assert arazzo("check", "flow.arazzo.yaml", "--strict", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("undeclared-state = 'off'", "arazzo.toml:2:1: there is no rule 'undeclared-state'"),
        ("undeclared-status = 'silent'", "arazzo.toml:2:1: 'undeclared-status' is one of off, warning, error"),
        ("undeclared-status = true", "arazzo.toml:2:1: 'undeclared-status' is a text"),
    ],
)
def test_a_level_that_means_nothing_is_refused(tmp_path: Path, line: str, said: str) -> None:
    documents(tmp_path, "https://things.test", LINES.format(on_line="", above="", beside=""))
    (tmp_path / "arazzo.toml").write_text(f"[rules]\n{line}\n", encoding="utf-8")
    refused = arazzo("check", "flow.arazzo.yaml", cwd=tmp_path)
    assert refused.code == 2
    assert said in refused.err


def test_a_document_is_gone_through_once_however_many_comments_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: 1\n" + "# arazzo: ignore[odd]\n" * 50
    source, root = Source("file:///a.yaml", "a.yaml", text), Place(0, 0, {"a": Member(0, 1, Place(3, 4))})
    walked: list[Place] = []

    def scalars(place: Place) -> Iterator[tuple[int, int]]:
        walked.append(place)
        yield place.start, place.end

    monkeypatch.setattr(levels, "_scalars", scalars)
    assert len(list(levels.silences(source, root))) == 50
    assert walked == [root]
