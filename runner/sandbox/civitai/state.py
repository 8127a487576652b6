"""Turns what the sandbox holds into the sections of its page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from operator import itemgetter
from typing import TypeAlias

from runner.sandbox.civitai.accounts import Account, account_key, username
from runner.sandbox.civitai.blobs import Blob, look_up
from runner.sandbox.civitai.budgets import budgets, spent_since
from runner.sandbox.civitai.moderation import Verdict
from runner.sandbox.civitai.outbox import Row as Webhook
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.civitai.routes import World
from runner.sandbox.civitai.scopes import FULL, write_mask
from runner.sandbox.ids import timestamp
from runner.sandbox.oauth.state import Token
from runner.sandbox.page import Row, Section

_MOST = 100
"""How many rows a section shows."""

_Rows: TypeAlias = Callable[[Account, float], list[Row]]


def _accounts(account: Account, now: float) -> list[Row]:
    vault = account.vault
    return [
        {
            "account": account.username,
            "balance": account.balance,
            "tier": vault.tier,
            "vaultUsedKb": vault.used_kb(now),
            "vaultLimitKb": vault.limit_kb,
        }
    ]


def _workflows(account: Account, now: float) -> list[Row]:
    return [
        {
            "account": account.username,
            "id": workflow.id,
            "status": workflow.status(now),
            "steps": [f"{step.kind} {workflow.step_status(step, now)}" for step in workflow.steps],
            "tags": list(workflow.tags),
            "charged": workflow.charged,
            "createdAt": timestamp(workflow.created),
        }
        for workflow in account.newest_first()
    ]


def _blobs(account: Account, now: float) -> list[Row]:
    """Give the blobs that are there, and the places whose upload link is still good, the newest first."""
    there = [blob for blob_id in (*account.makers, *account.uploads) if (blob := _found(account, blob_id, now))]
    shown = [(blob.created, _blob(account, blob.id, blob.state, blob.mime_type, blob.verdict)) for blob in there]
    shown += [
        (place.created, _blob(account, place.id, "awaited", place.mime_type, None))
        for place in account.uploads.values()
        if place.content is None and now < place.expires
    ]
    newest = sorted(shown, key=itemgetter(0), reverse=True)
    return [{**row, "createdAt": timestamp(created)} for created, row in newest]


def _blob(account: Account, blob_id: str, state: str, mime_type: str, verdict: Verdict | None) -> Row:
    return {
        "account": account.username,
        "id": blob_id,
        "state": state,
        "mimeType": mime_type,
        "nsfwLevel": None if verdict is None else verdict.level,
    }


def _found(account: Account, blob_id: str, now: float) -> Blob | None:
    try:
        return look_up(account, blob_id, now)
    except Refusal:
        return None


def _vault(account: Account, now: float) -> list[Row]:
    return [
        {
            "account": account.username,
            "modelVersionId": item.version_id,
            "status": item.status(now),
            "sizeKb": item.size_kb,
            "addedAt": timestamp(item.added),
        }
        for item in account.vault.items.values()
    ]


SECTIONS: dict[str, _Rows] = {
    "accounts": _accounts,
    "workflows": _workflows,
    "blobs": _blobs,
    "vault": _vault,
}
"""What the page shows of each account, in this order; one more is a line here."""


def sections(world: World, tokens: Collection[Token], now: float) -> tuple[Section, ...]:
    """Give the sections as they are at a time; `tokens` are those of the OAuth API, the oldest first."""
    accounts = tuple(world.accounts.by_key.values())
    of_accounts = (
        Section(name, [row for account in accounts for row in rows(account, now)][:_MOST])
        for name, rows in SECTIONS.items()
    )
    newest = islice(reversed(tuple(tokens)), _MOST)
    return (
        *of_accounts,
        Section("tokens", [_token(world, token, now) for token in newest]),
        Section("webhooks", [_webhook(row) for row in world.outbox.rows(now)[: -_MOST - 1 : -1]]),
    )


def _token(world: World, token: Token, now: float) -> Row:
    """Say what a token of an app is good for; its text nobody has kept."""
    grant = token.grant
    account = world.accounts.by_key.get(account_key(world.settings.seed, grant.subject))
    return {
        "client": grant.client_id,
        "account": username(world.settings, grant.subject),
        "kind": token.kind,
        "state": token.status(now),
        "scope": write_mask(grant.scopes),
        "scopes": ["Full"] if grant.scopes == FULL else list(grant.scopes),
        "spent": spent_since(grant, account),
        "budgets": [f"{each.kind}: {each.spent} of {each.limit:g}" for each in budgets(grant, account, now)],
        "expiresAt": timestamp(token.expires),
    }


def _webhook(row: Webhook) -> Row:
    event = row.event
    return {
        "at": event["timestamp"],
        "event": f"{event['$type']} {event['status']}",
        "workflowId": event["workflowId"],
        "url": row.url,
        "state": row.state,
        "attempts": row.attempts,
        "last": row.last,
    }
