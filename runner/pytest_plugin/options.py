"""Turns what is said to pytest, by options and in its ini-file, into what is said of Arazzo documents."""

from __future__ import annotations

import pytest

PATTERNS = ["*.arazzo.yaml", "*.arazzo.yml", "*.arazzo.json"]
TEXTS = {
    "arazzo_profile": ("NAME", "Run Arazzo documents with this profile of arazzo.toml."),
    "arazzo_config": ("FILE", "Defaults and profiles, instead of the arazzo.toml that is found."),
    "arazzo_rows": ("FILE", "Rows of data for every workflow, instead of the NAME.rows.csv beside a document."),
}
LISTS = {
    "arazzo_server": ("NAME=URL", "The base URL of a source of Arazzo documents; may be given several times."),
    "arazzo_contract": ("LEVEL", "What a broken API contract is: off, warn or error; of one check: body=error."),
    "arazzo_inputs": ("FILE", "Inputs of workflows, from a YAML or JSON file."),
}
FLAGS = {
    "arazzo_sandbox": "Run Arazzo documents on the embedded sandbox: nothing leaves the process.",
    "arazzo_live": "Run Arazzo documents against the servers of their descriptions.",
}


def add_options(parser: pytest.Parser) -> None:
    """Add each option, which may stand in the ini-file too."""
    group = parser.getgroup("arazzo", "Arazzo workflows")
    parser.addini("arazzo_files", "Names of Arazzo documents; none switches their collection off.", "args", PATTERNS)
    for name, text in FLAGS.items():
        group.addoption(_option(name), action="store_true", default=None, help=text)
        parser.addini(name, text, "bool", default=False)
    for name, (metavar, text) in TEXTS.items():
        group.addoption(_option(name), metavar=metavar, default=None, help=text)
        parser.addini(name, text, default="")
    for name, (metavar, text) in LISTS.items():
        group.addoption(_option(name), metavar=metavar, action="append", default=None, help=text)
        parser.addini(name, text, "args", default=[])


def is_asked_for(config: pytest.Config) -> bool:
    """Say whether somebody named the documents or a folder of theirs, or said where they run."""
    names = ("arazzo_sandbox", "arazzo_live", "arazzo_server", "arazzo_profile")
    return config.args_source is pytest.Config.ArgsSource.ARGS or any(said(config, name) for name in names)


def said(config: pytest.Config, name: str) -> bool | str | list[str]:
    """Give what was said by an option, else by the ini-file."""
    given: bool | str | list[str] | None = config.getoption(name, default=None)
    found: bool | str | list[str] = config.getini(name) if given is None else given
    return found


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
