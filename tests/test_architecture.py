"""The house keeps its own rules: imports point down, the middle is pure, libraries have one place, files are small."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "runner"

# Design, section 3. A module belongs to the longest prefix that names it.
FLOORS: Mapping[str, int] = {
    "values": 1,
    "records": 1,
    "late": 1,
    "source": 1,
    "text": 1,
    "uri": 1,
    "version": 1,
    "packed": 1,
    "diagnostics": 2,
    "exchange": 2,
    "schema": 2,
    "secrets": 2,
    "errors": 3,
    "levels": 3,
    "expressions": 3,
    "openapi": 3,
    "asyncapi": 3,
    "arazzo": 3,
    "criteria": 4,
    "description": 4,
    "plan": 5,
    "loader": 5,
    "engine": 6,
    "reporters": 7,
    "shell": 7,
    "sandbox": 7,
    "bundled": 7,
    "result": 7,
    "api": 8,
    "known": 8,
    "embedded": 8,
    "library": 8,
    "rulebook": 8,
    "plugins": 8,
    "suite": 8,
    "cassette": 8,
    "durable": 8,
    "fleet": 8,
    "cli": 9,
    "pytest_plugin": 9,
    "__main__": 10,
    "": 10,  # runner/__init__.py: the public face, names resolved late
}
PURE = {"expressions", "criteria", "arazzo", "openapi", "asyncapi", "plan", "engine"}
PURE_MAY_IMPORT = {
    "__future__", "abc", "base64", "bisect", "collections", "contextlib", "decimal", "difflib", "enum",
    "fractions", "functools", "hashlib", "html", "itertools", "json", "math", "operator", "re", "string", "types",
    "typing", "urllib",
}  # fmt: skip
LIBRARY_PLACES: Mapping[str, tuple[str, ...]] = {
    "yaml": ("loader.yaml",),
    "jsonschema": ("schema",),
    "jsonschema_rs": ("schema",),
    "msgspec": ("records",),
    # What a run makes are records; exceptions cannot be.
    "dataclasses": ("records", "errors", "openapi.references", "sandbox.generic", "schema"),
    "httpx": ("shell.http",),
    "httpcore": ("shell.http", "shell.deadline"),
    "certifi": ("shell.trust",),
    "jsonpath_rfc9535": ("expressions.selectors",),
    "jsonpath_ng": ("expressions.selectors",),
    "lxml": ("expressions.selectors",),
    "elementpath": ("expressions.selectors",),
    "click": ("cli",),
    "cryptography": ("durable.seal",),
    "dbos": ("fleet.engine",),
    "sqlalchemy": ("fleet.engine",),
    "psycopg": ("fleet.database",),
    "croniter": ("fleet.schedules",),
    "rich": ("reporters",),
    "starlette": ("sandbox",),
    "uvicorn": ("sandbox",),
    "pytest": ("pytest_plugin",),
    "_pytest": ("pytest_plugin",),
}
LINES, FUNCTION_LINES, FUNCTION_MEDIAN, PARAMETERS = 400, 60, 10, 6
SIBLINGS = {"reporters", "shell", "sandbox", "bundled"}


class Import(NamedTuple):
    module: str
    line: int


def imports(tree: ast.AST, package: str) -> Iterator[Import]:
    """Every module that a file imports, TYPE_CHECKING and functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: -node.level]
                base = ".".join([*parents, base]).strip(".")
            yield Import(base, node.lineno)
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)


def room(name: str) -> str:
    """The part of the house that a dotted name below `runner` stands in."""
    return name.split(".")[0]


def check_file(name: str, text: str) -> list[str]:
    """Say what is wrong with one file; `name` is dotted, without `runner`."""
    tree = ast.parse(text)
    problems: list[str] = []
    seen = set()
    for module, line in imports(tree, "runner." + name if name else "runner"):
        top = module.split(".")[0]
        if (top, line) not in seen and top != "runner":
            problems += library_problems(name, top, line)
        seen.add((top, line))
        if top == "runner" and module != "runner":
            problems += floor_problems(name, room(module.removeprefix("runner.")), line)
    return sorted(set(problems)) + size_problems(name, text, tree)


def library_problems(name: str, top: str, line: int) -> list[str]:
    allowed = LIBRARY_PLACES.get(top)
    if allowed is not None and not any(name == place or name.startswith(place + ".") for place in allowed):
        return [f"{name}:{line}: {top} belongs in {' or '.join(allowed)}"]
    if allowed is None and room(name) in PURE and top not in PURE_MAY_IMPORT:
        return [f"{name}:{line}: the pure middle does not import {top}"]
    return []


def floor_problems(name: str, target: str, line: int) -> list[str]:
    own = room(name)
    if own == target or own == "" or target not in FLOORS:
        return [] if own == target or own == "" else [f"{name}:{line}: '{target}' has no floor"]
    if FLOORS[own] < FLOORS[target]:
        return [f"{name}:{line}: {own} (floor {FLOORS[own]}) imports up: {target} (floor {FLOORS[target]})"]
    if FLOORS[own] == FLOORS[target] and (own in SIBLINGS or {own, target} == {"plan", "loader"}):
        return [f"{name}:{line}: the siblings {own} and {target} must not know each other"]
    return []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def size_problems(name: str, text: str, tree: ast.AST) -> list[str]:
    problems = []
    lines = text.count("\n")
    if lines > LINES:
        problems.append(f"{name}: {lines} lines, at most {LINES}")
    for function in functions(tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            problems.append(f"{name}:{function.lineno}: {function.name} has {length} lines, at most {FUNCTION_LINES}")
        arguments = function.args
        count = len([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
        if count - (1 if "self" in [a.arg for a in arguments.args[:1]] else 0) > PARAMETERS:
            problems.append(f"{name}:{function.lineno}: {function.name} has {count} parameters, at most {PARAMETERS}")
    return problems


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "text"), list(modules()), ids=lambda value: value if "\n" not in value else "")
def test_a_module_keeps_the_rules_of_the_house(name: str, text: str) -> None:
    assert check_file(name, text) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    known = dict(modules())
    graph = {
        name: {
            target
            for module, _ in imports(ast.parse(text), "runner." + name)
            if (target := module.removeprefix("runner.")) in known and target not in ("", name)
        }
        for name, text in known.items()
        if name
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path, name))
        if name not in done:
            for target in graph.get(name, ()):
                walk(target, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_functions_are_short_in_the_middle() -> None:
    lengths = [
        (function.end_lineno or function.lineno) - function.lineno + 1
        for _, text in modules()
        for function in functions(ast.parse(text))
    ]
    assert median(lengths) <= FUNCTION_MEDIAN


BAD = {
    "an import that points up": ("engine.run", "from runner.reporters import console\n", "imports up"),
    "one hidden behind TYPE_CHECKING": (
        "plan.compile",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from runner.cli import main\n",
        "imports up",
    ),
    "one hidden in a function": ("values", "def f():\n    import runner.api\n", "imports up"),
    "a relative import that points up": ("expressions.evaluate", "from ..shell import http\n", "imports up"),
    "the compiler hearing of YAML": ("plan.compile", "from runner.loader import yaml\n", "must not know each other"),
    "a reporter that drives": ("reporters.console", "from runner.shell import drive\n", "must not know each other"),
    "a clock in the pure middle": ("engine.run", "import time\n", "does not import time"),
    "a file read in the pure middle": ("openapi.read", "from pathlib import Path\n", "does not import pathlib"),
    "an HTTP library elsewhere": ("shell.fetch", "import httpx\n", "httpx belongs in shell.http"),
    "a YAML library elsewhere": ("cli.run", "def f():\n    import yaml\n", "yaml belongs in loader.yaml"),
    "a room that is not in the plan": ("api", "from runner.attic import x\n", "has no floor"),
    "a file that is too long": ("values", "x = 1\n" * 401, "401 lines"),
    "a function that is too long": ("values", "def f():\n" + "    x = 1\n" * 60, "61 lines"),
    "too many parameters": ("values", "def f(a, b, c, d, e, f, *, g):\n    pass\n", "7 parameters"),
}


@pytest.mark.parametrize(("name", "text", "expected"), BAD.values(), ids=BAD.keys())
def test_the_checker_sees(name: str, text: str, expected: str) -> None:
    assert any(expected in problem for problem in check_file(name, text)), check_file(name, text)
