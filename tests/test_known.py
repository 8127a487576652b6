"""What a document came to is kept, and given again only while all is as it was."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import api, known
from runner.description import Description
from runner.engine.events import Entry
from runner.exchange import Request, Response
from runner.loader.shelf import Shelf
from runner.openapi.document import ApiDescription
from runner.plan.context import Options
from runner.plan.contracts import check_contracts
from runner.plan.plan import Plan
from runner.plan.servers import server_choices
from runner.records import Frozen, field_names, replace
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from tests.memory import Memory

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("workflows/*.arazzo.yaml"), *ROOT.glob("tests/cases/**/*.arazzo.yaml")])

API = """\
openapi: 3.1.0
info: {title: Things, version: '1'}
servers: [{url: 'https://things.test/v1'}]
paths:
  /things/{id}:
    get:
      operationId: readThing
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200':
          description: A thing
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
        '404': {description: There is none}
components:
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        name: {type: string}
        secret: {type: string, writeOnly: true}
        next: {$ref: '#/components/schemas/Thing'}
"""
FLOW = """\
arazzo: 1.0.1
info: {title: Flow, version: '1'}
sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]
workflows:
  - workflowId: read
    inputs: {type: object, properties: {id: {type: integer, default: 7}}}
    steps:
      - stepId: first
        operationId: readThing
        parameters: [{name: id, in: path, value: $inputs.id}]
        successCriteria:
          - condition: $statusCode == 200
          - {context: $response.body, type: jsonpath, condition: "$[?@ == 'a']"}
          - {context: $response.body#/name, type: regex, condition: '^a'}
        outputs: {name: $response.body#/name}
    outputs: {name: $steps.first.outputs.name}
"""


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "things.yaml").write_text(API, encoding="utf-8")
    (folder / "flow.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder / "flow.arazzo.yaml"


def is_kept(checked: api.Checked) -> bool:
    """Say whether nothing was read but what was kept."""
    return checked.description is None and checked.sources is not None


def twice(location: Path, sources: api.Sources, *, contracts: bool = False) -> tuple[api.Checked, api.Checked]:
    first = api.check(str(location), sources, contracts=contracts)
    first.keep()
    return first, api.check(str(location), sources, contracts=contracts)


def shown(value: object) -> object:
    """Show all of a value, what is hidden as well, but for what has no content of its own."""
    match value:
        case ApiDescription():
            return (value.uri, value.title, value.version, list(value.by_pointer), dict(value.root), value.dialect)
        case Frozen():
            names = [name for name in field_names(value) if name not in ("query", "inner", "api", "text")]
            return (type(value).__name__, *(shown(getattr(value, name)) for name in names))
        case tuple() | list():
            return (type(value).__name__, *map(shown, value))
        case dict():
            return tuple((name, shown(each)) for name, each in value.items())
        case frozenset():
            return frozenset(value)
        case _:
            return (type(value).__name__, repr(value))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_kept_of_a_document_is_what_was_found(document: Path) -> None:
    sources = api.Sources(cache=Memory(), options=Options(stand_in=True))
    first = api.check(str(document), sources)
    is_refused = first.plan is None  # of which only what is wrong is kept
    if first.plan is not None:
        check_contracts(first.plan)  # compiles the schemas that a run would need
    else:
        first = api.check(str(document), sources, contracts=True)
    first.keep()
    again = api.check(str(document), sources, contracts=is_refused)
    assert is_kept(again) == (first.sources is not None)
    assert shown(again.diagnostics) == shown(first.diagnostics)
    assert shown(again.plan) == shown(first.plan)


def test_most_documents_can_be_kept() -> None:
    some = DOCUMENTS[::7]
    kept = [api.check(str(each), api.Sources(cache=Memory())).sources for each in some]
    assert sum(each is not None for each in kept) > len(some) * 0.9


class Server:
    """A transport that gives one answer to everything."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, request: Request, timeout: float | None) -> Response:
        return Response(200, (("Content-Type", "application/json"),), self.body)


def run(plan: Plan | None, body: bytes) -> list[Entry]:
    assert plan is not None
    entries: list[Entry] = []
    api.run_plan(plan, [api.ask(plan, "read", {})], World(Server(body), VirtualClock(0.0), entries.append))
    return entries


@pytest.mark.parametrize("body", [b'{"name":"a"}', b'{"name":7,"secret":"x"}', b'{"next":{"next":{}}}'])
def test_a_run_of_what_is_kept_tells_the_same(flow: Path, body: bytes) -> None:
    memory = Memory()
    sources = api.Sources(cache=memory)
    first = api.check(flow.name, sources)
    told = run(first.plan, body)
    first.keep()
    again = api.check(flow.name, sources)
    assert is_kept(again)
    assert repr(run(again.plan, body)) == repr(told)


def test_a_run_of_what_is_kept_reads_no_description(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = api.Sources(cache=Memory())
    first = api.check(flow.name, sources)
    run(first.plan, b'{"name":"a"}')
    first.keep()
    again = api.check(flow.name, sources)

    def refuse(*_: object) -> Description:
        raise AssertionError("a description is read")

    monkeypatch.setattr(api, "_load", refuse)
    assert run(again.plan, b'{"name":"a"}')


def test_what_a_later_run_needs_is_kept_as_well(flow: Path) -> None:
    memory = Memory()
    sources = api.Sources(cache=memory)
    first = api.check(flow.name, sources)
    first.keep()
    second = api.check(flow.name, sources)
    second.keep()
    assert memory.written == 1, "nothing is new"
    run(second.plan, b'{"name":"a"}')
    second.keep()
    assert memory.written == 2
    third = api.check(flow.name, sources)
    run(third.plan, b'{"name":"a"}')
    third.keep()
    assert memory.written == 2


def comment(flow: Path) -> None:
    flow.write_text(f"{FLOW}# changed\n", encoding="utf-8")


def another_schema(flow: Path) -> None:
    path = flow.parent / "things.yaml"
    path.write_text(API.replace("{type: string, writeOnly", "{type: number, writeOnly"), encoding="utf-8")


@pytest.mark.parametrize("change", [comment, another_schema])
def test_a_file_that_has_changed_is_read_again(flow: Path, change: Callable[[Path], None]) -> None:
    sources = api.Sources(cache=Memory())
    assert is_kept(twice(flow, sources)[1])
    change(flow)
    assert not is_kept(api.check(str(flow), sources))


def test_a_file_that_is_gone_is_missed(flow: Path) -> None:
    sources = api.Sources(cache=Memory())
    assert is_kept(twice(flow, sources)[1])
    (flow.parent / "things.yaml").unlink()
    assert [each.rule for each in api.check(str(flow), sources).errors] == ["missing-source"]


OTHERS: list[Callable[[api.Sources], api.Sources]] = [
    lambda sources: replace(sources, options=Options(servers={"things": "http://127.0.0.1:1"})),
    lambda sources: replace(sources, options=Options(stand_in=True)),
    lambda sources: replace(sources, levels={"unused-output": "warning"}),
    lambda sources: replace(sources, overrides={"things": "things.yaml"}),
    lambda sources: replace(sources, roots=(".",)),
    lambda sources: replace(sources, offline=True),
    lambda sources: replace(sources, texts={"other.yaml": ""}),
]


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_said_beside_a_document_has_a_place_of_its_own(
    flow: Path, other: Callable[[api.Sources], api.Sources]
) -> None:
    sources = api.Sources(cache=Memory())
    assert is_kept(twice(flow, sources)[1])
    assert not is_kept(api.check(str(flow), other(sources)))


@pytest.mark.parametrize(
    ("options", "is_sent_to"),
    [
        (Options(servers={"things": "http://127.0.0.1:1/tenant-5ecret/"}), "http://127.0.0.1:1/tenant-5ecret"),
        (
            Options(server_variables={"tenant": "tenant-5ecret", "things.tenant": "5ecret"}),
            "https://5ecret.test/5ecret",
        ),
        (Options(server_variables={"tenant": "t-5ecret", "more": "5ecret"}), "https://t-5ecret.test/t-5ecret"),
        (Options(server_variables={"tenant": "1", "more": "5ecret"}), "https://1.test/1"),
    ],
)
def test_what_a_user_says_of_servers_is_not_written_and_is_used_all_the_same(
    flow: Path, options: Options, is_sent_to: str
) -> None:
    server = "{url: 'https://{tenant}.test/{tenant}', variables: {tenant: {default: v1}, more: {default: v1}}}"
    text = API.replace("{url: 'https://things.test/v1'}", server)
    (flow.parent / "things.yaml").write_text(text, encoding="utf-8")
    memory = Memory()
    first, again = twice(flow, api.Sources(cache=memory, options=options))
    assert is_kept(again)
    assert again.plan is not None
    assert server_choices(again.plan, ["read"])[0][1].url == is_sent_to
    assert shown(again.plan) == shown(first.plan)
    assert not any(b"5ecret" in entry for entry in memory.entries.values())


def test_from_another_folder_files_have_other_names(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = api.Sources(cache=Memory())
    assert is_kept(twice(flow, sources)[1])
    monkeypatch.chdir(flow.parent.parent)
    assert not is_kept(api.check(str(flow), sources))


def test_another_build_finds_out_for_itself(flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = api.Sources(cache=Memory())
    assert is_kept(twice(flow, sources)[1])
    monkeypatch.setattr(known, "build", lambda: "another")
    assert not is_kept(api.check(str(flow), sources))


def test_what_was_looked_for_in_vain_is_looked_for_again(flow: Path) -> None:
    text = FLOW.replace("url: things.yaml", "url: elsewhere/things.yaml")
    (flow.parent / "deep").mkdir()
    deep = flow.parent / "deep" / "flow.arazzo.yaml"
    deep.write_text(text.replace("elsewhere/", ""), encoding="utf-8")
    sources = api.Sources(cache=Memory())
    first, again = twice(deep, sources)
    assert [each.rule for each in first.diagnostics] == ["source-relocated"]
    assert not is_kept(again), "it may be there by now"
    shutil.copy(flow.parent / "things.yaml", deep.parent)
    assert api.check(str(deep), sources).diagnostics == ()


def test_documents_share_what_they_have_in_common(flow: Path) -> None:
    other = flow.parent / "other.arazzo.yaml"
    other.write_text(FLOW.replace("workflowId: read", "workflowId: again"), encoding="utf-8")
    sources = api.Sources(cache=Memory())
    for each in (flow, other):
        assert is_kept(twice(each, sources)[1])
    shelf = replace(sources, shelf=Shelf())
    one, two = (api.check(str(each), shelf).plan for each in (flow, other))
    assert one is not None
    assert two is not None
    assert next(iter(one.apis.values())) is next(iter(two.apis.values()))


@pytest.mark.parametrize("is_cached", [False, True])
@pytest.mark.parametrize("names", ["one two", "two one", "one two one two"])
def test_a_document_has_nothing_read_that_only_another_one_may(tmp_path: Path, names: str, is_cached: bool) -> None:
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    (tmp_path / "one" / "things.yaml").write_text(API, encoding="utf-8")
    (tmp_path / "one" / "one.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    outside = FLOW.replace("url: things.yaml", "url: ../one/things.yaml")
    (tmp_path / "two" / "two.arazzo.yaml").write_text(outside, encoding="utf-8")
    sources = api.Sources(cache=Memory() if is_cached else None, shelf=Shelf())
    for name in names.split():
        checked = api.check(str(tmp_path / name / f"{name}.arazzo.yaml"), sources)
        checked.keep()
        expected = [] if name == "one" else ["source-not-allowed"]
        assert [each.rule for each in checked.errors] == expected


def test_a_document_may_have_read_what_another_one_may_not(tmp_path: Path) -> None:
    inner = tmp_path / "one" / "inner"
    for folder in (inner.parent, inner):
        (folder / ".git").mkdir(parents=True)
    (inner.parent / "schemas.yaml").write_text("Thing: {type: object}\n", encoding="utf-8")
    (inner / "things.yaml").write_text(API.replace("'#/components/schemas/Thing'", "../schemas.yaml#/Thing", 1))
    (inner / "in.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    (inner.parent / "out.arazzo.yaml").write_text(FLOW.replace("url: things", "url: inner/things"), encoding="utf-8")
    sources = api.Sources(shelf=Shelf())
    found = [api.check(str(each), sources) for each in (inner / "in.arazzo.yaml", inner.parent / "out.arazzo.yaml")]
    assert [[each.rule for each in checked.diagnostics] for checked in found] == [["unresolved-reference"], []]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/fd")
def test_what_comes_through_a_pipe_is_read_once(flow: Path) -> None:
    sources = api.Sources(cache=Memory())
    ids: list[str] = []
    for name in ("one", "two", "two"):
        text = FLOW.replace("workflowId: read", f"workflowId: {name}").replace(
            "url: things", f"url: {flow.parent}/things"
        )
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        checked = api.check(f"/dev/fd/{reading}", sources)
        os.close(reading)
        checked.keep()
        assert checked.plan is not None
        ids += checked.plan.entries
    assert ids == ["one", "two", "two"]
    assert is_kept(checked), "which has the name and the text of the one before"


BROKEN = [
    *(b"", b"[]", b"{}", b"null", b"\xff", b'{"sources": 1, "known": {}}', b'{"sources": [], "known": {}}'),
    json.dumps({"sources": [["file:///nowhere", "n", "d"]], "known": {}}).encode(),
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=lambda content: content[:20].decode("latin-1"))
def test_an_entry_that_is_none_is_made_good(flow: Path, content: bytes) -> None:
    memory = Memory()
    sources = api.Sources(cache=memory)
    first, _ = twice(flow, sources)
    memory.entries = dict.fromkeys(memory.entries, content)
    again = api.check(str(flow), sources)
    assert not is_kept(again)
    assert again.plan is not None
    assert first.diagnostics == again.diagnostics
    again.keep()
    assert is_kept(api.check(str(flow), sources))


def test_what_else_a_description_says_is_read_from_the_texts_of_then(flow: Path) -> None:
    sources = api.Sources(cache=Memory())
    _, again = twice(flow, sources)
    assert again.plan is not None
    (flow.parent / "things.yaml").write_text("openapi: 3.1.0\n", encoding="utf-8")
    description = next(iter(again.plan.apis.values()))
    assert list(description.by_id) == ["readThing"]
    assert description.span(description.by_id["readThing"].address).begin.line == 7
