"""Run Arazzo workflows from Python: `load` a description, `compile` it into a plan, `run` the plan.

    >>> import runner
    >>> plan = runner.compile(runner.load("workflows/civitai-search-models-detail.arazzo.yaml"))
    >>> result = runner.run(plan, inputs={"query": "juggernaut"}, sandbox=True)
    >>> result.outcome, result.outputs["modelName"]
    ('passed', 'Juggernaut XL')

`check` reads and compiles, and gives what is wrong instead of raising it; `arun` is `run`, awaited; `render` draws a
result as the command line does. What `run` takes by name is in `RunOptions`; what happens while it runs, in
`runner.engine.events`.

There is no state that runs share but what they are given: run as many as you like at once, in threads or in tasks.
Names are resolved late (PEP 562): importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from runner.version import __version__ as __version__

if TYPE_CHECKING:
    from runner.api import Checked as Checked
    from runner.api import Sources as Sources
    from runner.api import compile_plan as compile  # noqa: A004 - the verb of the stage
    from runner.api import examine as check
    from runner.api import load_description as load
    from runner.description import Description as Description
    from runner.diagnostics import Diagnostic as Diagnostic
    from runner.embedded import Sandbox as Sandbox
    from runner.engine.events import Breach as Breach
    from runner.engine.events import Entry as Entry
    from runner.engine.events import Problem as Problem
    from runner.engine.policy import ContractPolicy as ContractPolicy
    from runner.engine.state import Limits as Limits
    from runner.errors import ArazzoError as ArazzoError
    from runner.errors import DescriptionError as DescriptionError
    from runner.errors import FetchError as FetchError
    from runner.errors import InputsError as InputsError
    from runner.errors import UsageError as UsageError
    from runner.exchange import AsyncTransport as AsyncTransport
    from runner.exchange import Request as Request
    from runner.exchange import Response as Response
    from runner.exchange import Transport as Transport
    from runner.exchange import TransportFailure as TransportFailure
    from runner.library import AsyncRunOptions as AsyncRunOptions
    from runner.library import RunOptions as RunOptions
    from runner.library import arun as arun
    from runner.library import render as render
    from runner.library import run_workflows as run
    from runner.plan.plan import Plan as Plan
    from runner.result import Result as Result
    from runner.shell.auth import Credentials as Credentials
    from runner.shell.auth import Keyring as Keyring
    from runner.shell.auth import from_environment as credentials_from_environment
    from runner.shell.cache import user_cache as user_cache
    from runner.shell.options import ClientCertificate as ClientCertificate
    from runner.shell.options import HttpOptions as HttpOptions
    from runner.values import File as File

_HOMES = {
    "arun": ("runner.library", "arun"),
    "check": ("runner.api", "examine"),
    "compile": ("runner.api", "compile_plan"),
    "load": ("runner.api", "load_description"),
    "render": ("runner.library", "render"),
    "run": ("runner.library", "run_workflows"),
    "ArazzoError": ("runner.errors", "ArazzoError"),
    "AsyncRunOptions": ("runner.library", "AsyncRunOptions"),
    "AsyncTransport": ("runner.exchange", "AsyncTransport"),
    "Breach": ("runner.engine.events", "Breach"),
    "Checked": ("runner.api", "Checked"),
    "ClientCertificate": ("runner.shell.options", "ClientCertificate"),
    "ContractPolicy": ("runner.engine.policy", "ContractPolicy"),
    "Credentials": ("runner.shell.auth", "Credentials"),
    "Description": ("runner.description", "Description"),
    "DescriptionError": ("runner.errors", "DescriptionError"),
    "Diagnostic": ("runner.diagnostics", "Diagnostic"),
    "Entry": ("runner.engine.events", "Entry"),
    "FetchError": ("runner.errors", "FetchError"),
    "File": ("runner.values", "File"),
    "HttpOptions": ("runner.shell.options", "HttpOptions"),
    "InputsError": ("runner.errors", "InputsError"),
    "Keyring": ("runner.shell.auth", "Keyring"),
    "Limits": ("runner.engine.state", "Limits"),
    "Plan": ("runner.plan.plan", "Plan"),
    "Problem": ("runner.engine.events", "Problem"),
    "Request": ("runner.exchange", "Request"),
    "Response": ("runner.exchange", "Response"),
    "Result": ("runner.result", "Result"),
    "RunOptions": ("runner.library", "RunOptions"),
    "Sandbox": ("runner.embedded", "Sandbox"),
    "Sources": ("runner.api", "Sources"),
    "Transport": ("runner.exchange", "Transport"),
    "TransportFailure": ("runner.exchange", "TransportFailure"),
    "UsageError": ("runner.errors", "UsageError"),
    "credentials_from_environment": ("runner.shell.auth", "from_environment"),
    "user_cache": ("runner.shell.cache", "user_cache"),
}

__all__ = [
    "ArazzoError",
    "AsyncRunOptions",
    "AsyncTransport",
    "Breach",
    "Checked",
    "ClientCertificate",
    "ContractPolicy",
    "Credentials",
    "Description",
    "DescriptionError",
    "Diagnostic",
    "Entry",
    "FetchError",
    "File",
    "HttpOptions",
    "InputsError",
    "Keyring",
    "Limits",
    "Plan",
    "Problem",
    "Request",
    "Response",
    "Result",
    "RunOptions",
    "Sandbox",
    "Sources",
    "Transport",
    "TransportFailure",
    "UsageError",
    "__version__",
    "arun",
    "check",
    "compile",
    "credentials_from_environment",
    "load",
    "render",
    "run",
    "user_cache",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'runner' has no attribute '{name}'")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
