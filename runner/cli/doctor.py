"""`arazzo doctor`: say what stands between a document and a run, and send nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from runner import api, bundled
from runner.cli.asking import inputs_of
from runner.cli.cache import cache_of
from runner.cli.credentials import Variables, Wallet, credentials_of, gather, lacking, strays, used
from runner.cli.documents import refuse_empty
from runner.cli.dotenv import read_env_files
from runner.cli.help import Sectioned
from runner.cli.inputs import Given, collect, unknown_names, values_for
from runner.cli.options import WhereOptions, where_options
from runner.cli.places import check_names, sources_of, unreachable
from runner.cli.prepare import say_error
from runner.cli.profile import setting_of
from runner.cli.terminal import look
from runner.cli.world import Ready, Venue
from runner.engine.asked import Asked
from runner.errors import UsageError
from runner.openapi.document import Operation
from runner.plan.inputs import accept
from runner.plan.plan import NOTHING, Inputs, OperationCall, Plan, StepPlan, Unrunnable, WorkflowPlan
from runner.records import Frozen, field_names, replace
from runner.reporters.diagnostics import render_concise
from runner.reporters.doctor import Finding, Section, State, doctor_json, doctor_lines
from runner.reporters.doctor import lacking as number_lacking
from runner.reporters.text import count
from runner.schema import SchemaProblem
from runner.secrets import is_secret_name
from runner.shell.auth import calls
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.reach import REMEDY
from runner.text import json_text
from runner.values import InputValue, Json

_MOST_PROBLEMS = 8


@click.command("doctor", cls=Sectioned)
@click.argument("target", metavar="FILE|NAME")
@click.option("--workflow", metavar="ID", help="Look at this workflow, instead of all that no other one calls.")
@click.option(
    "--input", "-i", "input_", multiple=True, metavar="NAME=VALUE", help="An input that a run would be given."
)
@click.option("--inputs", multiple=True, metavar="FILE", help="A YAML or JSON file of inputs ('-': stdin).")
@click.option("--auth", multiple=True, metavar="NAME=VALUE", help="A credential that a run would be given.")
@click.option("--env-file", multiple=True, metavar="FILE", help="Variables beside those of the environment.")
@click.option("--live", is_flag=True, help="Look at what a bundled workflow needs for the real APIs.")
@where_options
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(target: str, **options: Any) -> None:
    """Say what stands between a document and a run: its sources, inputs, servers and credentials.

    Nothing is sent but what fetches descriptions. Exit code 0: it could be run; 1: something is lacking.
    """
    terminal = look(options["color"])
    try:
        refuse_empty(target)
        where = WhereOptions(**{name: options[name] for name in field_names(WhereOptions)})
        setting = setting_of(where.config, where.profile, (target,), Path.cwd())
        variables = Variables(terminal.environ, read_env_files(options["env_file"]))
        given = collect(options["input_"], (), (), options["inputs"], variables.merged)
        given = given._replace(values={**setting.profile.inputs, **given.values})
        location = str(bundled.workflows()[target]) if bundled.is_name(target) and not Path(target).exists() else target
        sources = sources_of(where, setting)
        checked = api.examine(location, replace(sources, cache=cache_of(terminal, where.no_cache)))
        wallet = gather(options["auth"], variables, setting.profile)
        sandbox = bundled.is_name(target) and not (options["live"] or where.server)
        if checked.draft is not None:
            check_names([checked.draft], sources, where)
            keys = api.choose(checked.draft, options["workflow"])
            unknown_names(given, [each for key in keys for each in inputs_of(checked.draft, key)])
            run = Ready(checked.draft, tuple(Asked(key, {}) for key in keys), Venue(target, sandbox))
            for advice in strays([run], wallet):
                terminal.warn(advice)
        target = api.shown(target)
        sections = examine(checked, options["workflow"], Case(target, given, wallet, sandbox, sources.http))
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    if options["form"] == "json":
        print(json.dumps(doctor_json(target, sections), ensure_ascii=False, indent=2))
    else:
        extra = any(options[name] for name in (*field_names(WhereOptions), "input_", "inputs", "auth", "env_file"))
        then = f"arazzo run {target}{' with the same options' if extra else ''}"
        for line in doctor_lines(target, sections, then, terminal.out_style):
            print(line)
    sys.exit(1 if number_lacking(sections) else 0)


class Case(Frozen):
    """The document, and what a run of it would be given; on the sandbox it needs no credentials."""

    target: str
    given: Given
    wallet: Wallet
    sandbox: bool
    http: HttpOptions = DEFAULTS


def examine(checked: api.Checked, workflow_id: str | None, case: Case) -> tuple[Section, ...]:
    """Look at everything that a run needs."""
    plan = checked.draft
    sections = [
        Section("document", tuple(_document(checked, case.target))),
        Section("sources", tuple(_sources(checked))),
    ]
    if plan is not None:
        keys = api.choose(plan, workflow_id)
        wanted = [plan.workflows[key] for key in keys]
        sections += [
            Section("inputs", tuple(finding for each in wanted for finding in _inputs(each, case.given))),
            Section("servers", tuple(_servers(plan, keys, {} if case.sandbox else unreachable(plan, keys, case.http)))),
            Section("credentials", tuple(_credentials(plan, keys, case))),
        ]
    return tuple(sections)


def _document(checked: api.Checked, target: str) -> Iterator[Finding]:
    entry = checked.description.main if checked.description else None
    if entry is not None:
        workflows = entry.document.workflows
        steps = sum(len(each.all_steps) for each in workflows)
        about = f"{entry.document.title}: {count(len(workflows), 'workflow')}, {count(steps, 'step')}"
        yield Finding(f"Arazzo {entry.document.dialect.name}", "ready", about)
    own = [each for each in checked.errors if each.rule not in _OF_SOURCES]
    for problem in own[:_MOST_PROBLEMS]:
        yield Finding("error", "lacking", render_concise(problem), problem.fix.title if problem.fix else "")
    if len(own) > _MOST_PROBLEMS:
        yield Finding(
            "errors", "lacking", f"and {len(own) - _MOST_PROBLEMS} more", f"arazzo check {target} draws them all"
        )
    warnings = sum(each.severity == "warning" for each in checked.diagnostics)
    if warnings:
        yield Finding("warnings", "noted", count(warnings, "warning"), f"arazzo check {target} draws them")


_OF_SOURCES = frozenset({"missing-source", "source-unreachable", "source-not-allowed", "unknown-source-type"})


def _sources(checked: api.Checked) -> Iterator[Finding]:
    """Say of each source where it was found, or that it was not, and what would help."""
    if checked.description is None:
        return
    entry = checked.description.main
    for source in entry.document.source_descriptions:
        place = entry.places.value(f"{source.pointer}/url")
        said = [each for each in checked.diagnostics if each.span == place]
        uri = entry.sources.get(source.name)
        unread = next((each for each in said if each.rule in _OF_SOURCES), None)
        if unread is not None or uri is None:
            about = unread.message if unread else "it is not read"
            yield Finding(
                source.name or source.url, "lacking", about, unread.fix.title if unread and unread.fix else ""
            )
            continue
        moved = next((each for each in said if each.rule == "source-relocated"), None)
        about = _kind(checked, uri)
        yield Finding(source.name, "noted" if moved else "ready", f"{about}{f' ({moved.message})' if moved else ''}")


def _kind(checked: api.Checked, uri: str) -> str:
    description = checked.description
    assert description is not None
    if uri in description.apis:
        found = description.apis[uri]
        return f"{found.places.source.name}: OpenAPI {found.version}, {count(len(found.by_pointer), 'operation')}"
    if uri in description.arazzo:
        other = description.arazzo[uri]
        return f"{other.places.source.name}: Arazzo {other.document.dialect.name}"
    return (
        f"{api.display_name(uri, Path.cwd())}: {'AsyncAPI' if uri in description.asyncapi else 'it could not be used'}"
    )


def _inputs(workflow: WorkflowPlan, given: Given) -> Iterator[Finding]:
    """Say of each input what it is, and whether a run has a value for it."""
    inputs = workflow.inputs
    values = values_for(given, inputs)
    told = _refused(inputs, values)
    properties = inputs.schema.get("properties") if isinstance(inputs.schema, dict) else None
    written = properties if isinstance(properties, dict) else {}
    for name in (*written, *sorted(set(inputs.names or ()) - set(written))):
        about = ", ".join(_about(name, written.get(name), workflow))
        if name in told:
            why = f"what is given {told[name]}" if name in values else "nothing is given"
            yield Finding(name, "lacking", f"{about}: {why}".lstrip(": "), f"give -i {name}=…")
        else:
            yield Finding(name, "ready", f"{about}{', given' if name in values else ''}".lstrip(", "))
    for name, why in told.items():
        if name not in written and name not in (inputs.names or ()):
            yield Finding(name, "lacking", why, "give it with -i or --inputs")


def _refused(inputs: Inputs, values: Mapping[str, InputValue]) -> dict[str, str]:
    """Say what is wrong with inputs, by name; nothing by a schema that is none, which is told of the document."""
    try:
        problems = accept(inputs, values).problems
    except SchemaProblem:
        return {}
    return {problem.partition(":")[0]: problem.partition(": ")[2] for problem in problems}


def _about(name: str, schema: Json, workflow: WorkflowPlan) -> Iterator[str]:
    said: Mapping[str, Json] = schema if isinstance(schema, dict) else {}
    kind = said.get("type")
    if isinstance(kind, str | list):
        yield " or ".join(map(str, kind)) if isinstance(kind, list) else kind
    if name in workflow.inputs.secret or is_secret_name(name):
        yield "secret"
    elif "default" in said:
        yield f"default {json_text(said['default'])}"
    elif name in workflow.inputs.required:
        yield "required"


def _servers(plan: Plan, keys: Sequence[str], refused: Mapping[str, tuple[str, str]]) -> Iterator[Finding]:
    """Say where the requests of each source go and why, or why that cannot be known."""
    told: dict[tuple[str, str], Finding] = {}
    for step in _steps(plan, keys):
        call = step.call
        if isinstance(call, OperationCall):
            key = (call.source, call.choice.url)
            if call.server in refused:
                why, _, option = refused[call.server][1].partition(REMEDY)
                told[key] = Finding(call.source, "lacking", f"{call.server}: {why}", f"allow it: {option}")
            told.setdefault(key, Finding(call.source, "ready", f"{call.choice.url} ({call.choice.why})"))
        elif isinstance(call, Unrunnable) and call.title != NOTHING:
            fix = call.reason.fix.title if call.reason.fix else ""
            told.setdefault(
                (call.source, call.reason.message),
                Finding(call.source or step.step_id, "lacking", call.reason.message, fix),
            )
    yield from told.values()


def _steps(plan: Plan, keys: Sequence[str]) -> Iterator[StepPlan]:
    for workflow in plan.reachable(*keys):
        yield from workflow.all_steps


def _credentials(plan: Plan, keys: Sequence[str], case: Case) -> Iterator[Finding]:
    """Say of the schemes that operations require whether what they take is there; its value is never shown."""
    told: dict[str, list[Finding]] = {}
    credentials = credentials_of(plan, Venue(case.target, sandbox=False), case.wallet)
    state: State = "noted" if case.sandbox else "lacking"
    for call in calls(plan, keys):
        operation = call.operation
        if not operation.security or not all(operation.security):
            continue  # it may be called by anybody
        name = " or ".join(" and ".join(alternative) for alternative in operation.security)
        missing = lacking(call, credentials)
        if not missing:
            have = ", ".join(dict.fromkeys(f"{each.name} of {each.origin}" for each in used(call, case.wallet)))
            told.setdefault(name, []).append(Finding(name, "ready", have or "the step gives it itself"))
            continue
        variables = " or ".join(" and ".join(variable for variable in way) for way in missing)
        about = f"{_schemes(operation)}: wanted by {operation.operation_id or call.title}"
        told.setdefault(name, []).append(Finding(name, state, about, f"set {variables} in the environment"))
    for findings in told.values():
        worst = next((each for each in findings if each.state != "ready"), findings[0])
        others = len(findings) - 1
        yield replace(worst, about=f"{worst.about} and {count(others, 'other')}" if others else worst.about)


def _schemes(operation: Operation) -> str:
    named = dict.fromkeys(name for alternative in operation.security for name in alternative)
    kinds = (operation.security_schemes.get(name, {}) for name in named)
    return " or ".join(
        dict.fromkeys(" ".join(str(part) for part in (kind.get("type"), kind.get("scheme")) if part) for kind in kinds)
    )
