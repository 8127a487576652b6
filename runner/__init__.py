"""Run Arazzo workflows from Python: `load` a description, `compile` it into a plan, `run` the plan.

    import runner

    plan = runner.compile(runner.load("checkout.arazzo.yaml"))
    result = runner.run(plan, inputs={"sku": "A1"})
    assert result.outcome == "passed", result.problem

Names are resolved late (PEP 562): importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from runner.version import __version__ as __version__

if TYPE_CHECKING:
    from runner.api import arun as arun
    from runner.api import compile_plan as compile  # noqa: A004 - the verb of the stage
    from runner.api import load_description as load
    from runner.api import run_workflows as run
    from runner.description import Description as Description
    from runner.diagnostics import Diagnostic as Diagnostic
    from runner.engine.policy import ContractPolicy as ContractPolicy
    from runner.errors import ArazzoError as ArazzoError
    from runner.errors import DescriptionError as DescriptionError
    from runner.errors import FetchError as FetchError
    from runner.errors import InputsError as InputsError
    from runner.errors import UsageError as UsageError
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
    "arun": ("runner.api", "arun"),
    "compile": ("runner.api", "compile_plan"),
    "load": ("runner.api", "load_description"),
    "run": ("runner.api", "run_workflows"),
    "ContractPolicy": ("runner.engine.policy", "ContractPolicy"),
    "Description": ("runner.description", "Description"),
    "Diagnostic": ("runner.diagnostics", "Diagnostic"),
    "ArazzoError": ("runner.errors", "ArazzoError"),
    "DescriptionError": ("runner.errors", "DescriptionError"),
    "FetchError": ("runner.errors", "FetchError"),
    "InputsError": ("runner.errors", "InputsError"),
    "UsageError": ("runner.errors", "UsageError"),
    "Plan": ("runner.plan.plan", "Plan"),
    "Result": ("runner.result", "Result"),
    "user_cache": ("runner.shell.cache", "user_cache"),
    "File": ("runner.values", "File"),
    "ClientCertificate": ("runner.shell.options", "ClientCertificate"),
    "HttpOptions": ("runner.shell.options", "HttpOptions"),
    "Credentials": ("runner.shell.auth", "Credentials"),
    "Keyring": ("runner.shell.auth", "Keyring"),
    "credentials_from_environment": ("runner.shell.auth", "from_environment"),
}

__all__ = [
    "ArazzoError",
    "ClientCertificate",
    "ContractPolicy",
    "Credentials",
    "Description",
    "DescriptionError",
    "Diagnostic",
    "FetchError",
    "File",
    "HttpOptions",
    "InputsError",
    "Keyring",
    "Plan",
    "Result",
    "UsageError",
    "__version__",
    "arun",
    "compile",
    "credentials_from_environment",
    "load",
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
