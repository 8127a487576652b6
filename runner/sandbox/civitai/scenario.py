"""Turns a scenario, a document of how the sandbox is to begin, into its settings.

clock: 2026-05-25T15:42:11Z
balance: 500                       # of every account that is not named below
rate-limit: 60                     # requests a minute, account and API
busy: 2                            # the first submissions of an account are answered by 429
durations: {workflow: 3, vault: 2, upload-link: 900, blob-link: 3600, latency: 0.02}
live-like: true
oauth-limits: true                 # the OAuth API counts requests as the live one does, which live-like implies;
                                   # a number: so many a minute
demo-workflows: false
faults: ["status=503,rate=0.2,seed=1"]
tokens: {only-known: true, refused: [old-token]}
accounts:
  sandbox:                         # the name is a token, too; `arazzo run --sandbox` is this account
    balance: 0
    tier: Gold
    tokens: [another-token]
    vault: {other-kb: 1000, versions: {2514310: Stored}}
catalogue:
  creators: {newcomer: 12}         # how many models each has
  models:
    - id: 9000001
      name: Paper Boats
      type: LORA
      creator: newcomer
      versions:
        - {id: 9100001, name: v1, base-model: SDXL 1.0, published: 2026-05-01T00:00:00Z, files: [{id: 1, name: a.pt}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from runner.diagnostics import Diagnostic, Fix, in_order
from runner.errors import UsageError
from runner.loader.text import Document
from runner.records import Frozen, replace
from runner.sandbox.civitai.catalogue import Catalogue
from runner.sandbox.civitai.scenario_models import MODEL_KEYS, read_model
from runner.sandbox.civitai.settings import OAUTH_LIMITS, Opening, Settings, Tier, VaultStatus
from runner.sandbox.fault_text import read_fault
from runner.sandbox.faults import Fault
from runner.sandbox.scenario_reading import Reading, Table
from runner.values import join_pointer

_KEYS = (
    *("clock", "balance", "rate-limit", "busy", "seed", "durations", "live-like", "oauth-limits", "demo-workflows"),
    *("faults", "tokens", "accounts", "catalogue"),
)
_DURATIONS = ("workflow", "vault", "upload-link", "blob-link", "latency")
_ACCOUNT = ("balance", "tier", "tokens", "vault")
_DAY = 86_400.0


class Scenario(Frozen):
    """The settings of a scenario, or what is wrong with it."""

    settings: Settings
    problems: tuple[Diagnostic, ...] = ()


def read_scenario(document: Document, start: Settings) -> Scenario:
    """Read a scenario; what it leaves open is as it is at the start."""
    if document.problems:
        return Scenario(start, document.problems)
    reading = Reading(document.places)
    root = reading.root(document.value, _KEYS)
    catalogue = _catalogue(root.table("catalogue", ("creators", "models")), start.catalogue)
    accounts = root.table("accounts")
    tables = {name: accounts.table(name, _ACCOUNT) for name in accounts.value}
    tokens = root.table("tokens", ("only-known", "refused"))
    settings = replace(
        _times(root.table("durations", _DURATIONS), start),
        start=root.moment("clock", 0.0) if root.value.get("clock") is not None else start.start,
        balance=root.whole("balance", start.balance),
        rate_limit=root.whole("rate-limit", 0, low=1) or start.rate_limit,
        busy=root.whole("busy", start.busy),
        seed=root.text("seed", start.seed),
        seed_workflows=root.flag("demo-workflows", start.seed_workflows),
        accounts={name: _account(table, catalogue) for name, table in tables.items()},
        tokens=_tokens(tables),
        refused=frozenset(tokens.texts("refused")),
        closed=tokens.flag("only-known", False),
        catalogue=catalogue,
        faults=(*start.faults, *_faults(root)),
        live_like=root.flag("live-like", start.live_like),
        oauth_limits=_oauth_limits(root, start.oauth_limits),
    )
    return Scenario(settings, in_order(reading.problems))


def _times(table: Table, start: Settings) -> Settings:
    return replace(
        start,
        duration=table.number("workflow", start.duration, _DAY),
        vault_duration=table.number("vault", start.vault_duration, _DAY),
        upload_link=table.number("upload-link", start.upload_link, _DAY),
        blob_link=table.number("blob-link", start.blob_link, _DAY),
        latency=table.number("latency", start.latency, _DAY),
    )


def _oauth_limits(root: Table, start: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """Read how many requests a minute the OAuth API answers: those of the live one, as many as come, or a number."""
    match root.value.get("oauth-limits"):
        case None:
            return start
        case bool() as counts:
            return OAUTH_LIMITS if counts else {}
        case int() as most if most > 0:
            return dict.fromkeys(OAUTH_LIMITS, most)
        case _:
            root.reading.wrong(root.at("oauth-limits"), "true, false, or a whole number above 0")
            return start


def _account(table: Table, catalogue: Catalogue) -> Opening:
    vault = table.table("vault", ("other-kb", "versions"))
    versions = vault.table("versions")
    statuses: dict[int, VaultStatus] = {}
    for key in versions.value:
        if not key.isascii() or not key.isdigit() or len(key) > 10 or int(key) not in catalogue.versions:
            versions.reading.refuse("scenario-value", versions.at(key), f"there is no model version '{key}'", key=True)
            continue
        statuses[int(key)] = versions.word(key, get_args(VaultStatus), "Stored")
    has_balance = table.value.get("balance") is not None
    return Opening(
        table.whole("balance", 0) if has_balance else None,
        table.word("tier", get_args(Tier), "Bronze"),
        vault.number("other-kb", 0.0),
        statuses,
    )


def _tokens(accounts: Mapping[str, Table]) -> dict[str, str]:
    """Give the account that each token is for; a token is for one."""
    found: dict[str, str] = {}
    for name, table in accounts.items():
        for index, token in enumerate(table.texts("tokens")):
            if token in found or (token in accounts and token != name):
                pointer = join_pointer(table.at("tokens"), index)
                table.reading.refuse("scenario-value", pointer, f"the token is that of '{found.get(token, token)}'")
            found.setdefault(token, name)
    return found


def _faults(root: Table) -> list[Fault]:
    faults = []
    for index, text in enumerate(root.texts("faults")):
        try:
            faults.append(read_fault(text))
        except UsageError as error:
            fix = Fix(error.hint) if error.hint else None
            root.reading.refuse("scenario-value", join_pointer(root.at("faults"), index), error.message, fix)
    return faults


def _catalogue(table: Table, start: Catalogue) -> Catalogue:
    counts = table.table("creators")
    creators = {name: counts.whole(name, 0) for name in counts.value}
    read = [(each, read_model(each)) for each in table.tables("models", MODEL_KEYS)]
    models = {model.id: model for _, model in read if model is not None}
    taken = {version.id for model in start.models if model.id not in models for version in model.versions}
    for each, model in read:
        for version in () if model is None else model.versions:
            if version.id in taken:
                message = f"a version of '{version.id}' is there already"
                each.reading.refuse("scenario-value", each.at("versions"), message, key=True)
            taken.add(version.id)
        if model is not None and models[model.id] is not model:
            each.reading.refuse("scenario-value", each.at("id"), f"the id '{model.id}' is given twice")
    return start.with_models(tuple(models.values()), creators)
