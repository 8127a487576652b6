"""Scenarios: what they set, and what is said of one that cannot be meant."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from runner.loader.text import read_text
from runner.sandbox.civitai import scenario
from runner.sandbox.civitai.scenario import read_scenario
from runner.sandbox.civitai.settings import SANDBOX_TOKEN, Opening, Settings
from runner.sandbox.faults import Fault
from runner.source import Source
from tests.sandbox.conftest import Caller, StillClock


def read(text: str, start: Settings | None = None) -> Any:
    return read_scenario(read_text(Source("s.yaml", "s.yaml", textwrap.dedent(text))), start or Settings())


def settings(text: str) -> Settings:
    read_ = read(text)
    assert read_.problems == ()
    made: Settings = read_.settings
    return made


def test_the_example_of_the_documentation_is_a_scenario():
    assert scenario.__doc__ is not None
    made = settings(scenario.__doc__.partition("\n\n")[2])
    assert (made.start, made.balance, made.rate_limit, made.busy) == (1779723731.0, 500, 60, 2)
    assert (made.duration, made.vault_duration, made.upload_link, made.blob_link, made.latency) == (
        *(3, 2, 900, 3600, 0.02),
    )
    assert (made.live_like, made.seed_workflows, made.closed) == (True, False, True)
    assert made.faults == (Fault(status=503, rate=0.2, seed="1"),)
    assert made.tokens == {"another-token": "sandbox"}
    assert made.refused == {"old-token"}
    assert made.accounts == {"sandbox": Opening(0, "Gold", 1000, {2514310: "Stored"})}
    assert made.catalogue.model_counts["newcomer"] == 12


@pytest.mark.parametrize("text", ["{}", "balance:", "accounts: {}\nfaults: []\n"])
def test_what_a_scenario_leaves_open_stays_as_it_is(text):
    assert settings(text) == Settings()


def test_accounts_begin_as_they_are_told():
    made = settings(
        """
        balance: 8
        tokens: {only-known: true, refused: [bob]}
        accounts:
          alice: {tokens: [a1, a2], balance: 0, tier: Silver}
          bob: {}
        """
    )
    caller = Caller(made, StillClock())
    one, other = (caller.site("/me", token=token).content.value for token in ("a1", "alice"))
    assert one == other
    assert (one["username"], one["tier"]) == ("alice", "Silver")
    assert (
        caller.workflows(method="POST", token="a2", body={"steps": [{"$type": "imageGen", "input": {}}]}).status == 402
    )
    for token in ("bob", "stranger", "sandbox", SANDBOX_TOKEN):
        assert caller.site("/me", token=token).status == 401
    assert caller.site("/models", token=None).status == 200


def test_a_token_that_would_be_refused_by_its_name_is_good_when_it_is_known():
    caller = Caller(settings("accounts: {alice: {tokens: [expired-soon]}}"), StillClock())
    assert caller.site("/me", token="expired-soon").status == 200


MODELS = """
catalogue:
  models:
    - id: 9000001
      name: Paper Boats
      type: LORA
      creator: newcomer
      tags: [paper, style]
      nsfw-level: 8
      downloads: 7
      rating: 4.5
      versions:
        - id: 9100001
          name: old
          published: 2026-01-01T00:00:00+02:00
          access: archived
          files: [{id: 1, name: gone.pt}]
        - id: 9100002
          name: new
          base-model: Chroma
          published: 2026-05-25T00:00:00Z
          trained-words: [boat]
          access: gated
          files:
            - {id: 9200001, name: boats.safetensors, size-kb: 10.5, type: VAE, hashes: {CRC32: 0123abcd}}
          images: [{id: 9300001, post: 9300002, username: sailor, width: 8, height: 9, versions: [9100002]}]
    - {id: 827184, name: Another WAI, type: Checkpoint, creator: newcomer}
"""


def test_models_are_added_and_exchanged():
    caller = Caller(settings(MODELS), StillClock())
    model = caller.site("/models/9000001").content.value
    assert [version["name"] for version in model["modelVersions"]] == ["new", "old"]
    assert (model["nsfw"], model["creator"]["modelCount"], model["tags"]) == (True, 2, ["paper", "style"])
    new, old = model["modelVersions"]
    assert new["air"] == "urn:air:other:lora:civitai:9000001@9100002"
    assert "files" not in old
    assert old["publishedAt"] == "2025-12-31T22:00:00.000Z"
    (file,) = new["files"]
    assert (file["sizeKB"], file["type"], file["hashes"]["CRC32"]) == (10.5, "VAE", "0123ABCD")
    assert caller.site("/model-versions/by-hash/0123abcd").content.value["id"] == 9100002
    assert caller.site("/images?username=sailor").content.value["items"][0]["postId"] == 9300002
    assert (
        caller.site("/permissions/check?entityType=ModelVersion&entityId=9100002").content.value["canDownload"] is False
    )
    assert "Chroma" in caller.site("/enums").content.value["BaseModel"]
    assert caller.site("/models/827184").content.value["name"] == "Another WAI"
    assert caller.site("/model-versions/2514310").status == 404


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        ("balnce: 3", "1:1", "there is no key 'balnce' here", "did you mean 'balance'?"),
        ("accounts: {a: {teir: Gold}}", "1:16", "there is no key 'teir' here", "did you mean 'tier'?"),
        ("durations: {zzz: 1}", "1:13", "there is no key 'zzz' here", "keys there are: workflow, vault, upload-link"),
        ("balance: -1", "1:10", "'balance' must be a whole number from 0 to 2147483647", None),
        ("balance: 1.5", "1:10", "'balance' must be a whole number from 0 to 2147483647", None),
        ("balance: true", "1:10", "'balance' must be a whole number from 0 to 2147483647", None),
        ("rate-limit: 0", "1:13", "'rate-limit' must be a whole number from 1 to 2147483647", None),
        ("durations: {vault: 1e9}", "1:20", "'vault' must be a number from 0 to 86400", None),
        ("live-like: maybe", "1:12", "'live-like' must be true or false", None),
        ("seed: 1", "1:7", "'seed' must be a text", None),
        ("oauth-limits: 0", "1:15", "'oauth-limits' must be true, false, or a whole number above 0", None),
        ("oauth-limits: {token: 1}", "1:15", "'oauth-limits' must be true, false, or a whole number above 0", None),
        ("clock: tomorrow", "1:8", "'clock' must be a date and time such as 2026-05-25T15:42:11Z", None),
        ("clock: 2026-02-30T00:00:00Z", "1:8", "'clock' must be a date and time such as 2026-05-25T15:42:11Z", None),
        ("clock: 0001-01-01T00:00:00+23:59", "1:8", "'clock' must be a date and time such as ", None),
        ("clock: 9999-12-31T23:59:59Z", "1:8", "'clock' must be a date and time such as ", None),
        ("faults: drop", "1:9", "'faults' must be a list", None),
        ("faults: [drop, 1]", "1:16", "it must be a text", None),
        ("faults: [statsu=503]", "1:10", "the fault 'statsu=503': there is no 'statsu'", "did you mean 'status'?"),
        ("accounts: [a]", "1:11", "'accounts' must be an object", None),
        ("accounts: {a: {tier: gold}}", "1:22", "'tier' must be one of Free, Founder, Bronze, Silver, Gold", None),
        ("accounts: {a: {vault: {versions: {1: Stored}}}}", "1:35", "there is no model version '1'", None),
        ("accounts: {a: {vault: {versions: {2514310: Lost}}}}", "1:44", "'2514310' must be one of Pending, ", None),
        ("accounts: {a: {tokens: [t]}, b: {tokens: [t]}}", "1:43", "the token is that of 'a'", None),
        ("accounts: {a: {tokens: [b]}, b: {}}", "1:25", "the token is that of 'b'", None),
        ("catalogue: {models: [{}]}", "1:22", "'id' is missing", None),
        ("catalogue: {models: [1]}", "1:22", "it must be an object", None),
        ("- a", "1:1", "'the scenario' must be an object", None),
        ("balance: }", "1:10", "", "put the whole value in quotes"),
        ("", "1:1", "the document is empty", None),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text, place, message, fix):
    first = read(text).problems[0]
    assert str(first.span) == f"s.yaml:{place}"
    assert first.message.startswith(message)
    assert (first.fix.title if first.fix else None) == fix or (fix and first.fix.title.startswith(fix))


def model(**changes: str) -> str:
    members = {"id": "9000001", "name": "x", "type": "LORA", "creator": "me", "versions": "[]"} | changes
    return "catalogue: {models: [{" + ", ".join(f"{name}: {value}" for name, value in members.items()) + "}]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (model(type="Lora"), "'type' must be one of Checkpoint, "),
        (model(versions="[{id: 128078, name: a}]"), "a version of '128078' is there already"),
        (model(versions="[{id: 1, name: a}, {id: 1, name: b}]"), "a version of '1' is there already"),
        (model(versions="[{name: a}]"), "'id' is missing"),
        (
            model(versions="[{id: 1, name: a, files: [{id: 1, name: f, hashes: {SHA256: abc}}]}]"),
            "'SHA256' must be 64 hex",
        ),
        (
            model(versions="[{id: 1, name: a, files: [{id: 1, name: f, hashes: {AutoV2: abc}}]}]"),
            "there is no key 'AutoV2'",
        ),
        (model(versions="[{id: 1, name: a, files: [{id: 1}]}]"), "'name' is missing"),
        (model(versions="[{id: 1, name: a, images: [{}]}]"), "'id' is missing"),
        (model(versions="[{id: 1, name: a, images: [{id: 1, versions: [x]}]}]"), "it must be an id"),
        (model(rating="6"), "'rating' must be a number from 0 to 5"),
        (
            model().replace("}]}", "}, {id: 9000001, name: y, type: LORA, creator: me}]}"),
            "the id '9000001' is given twice",
        ),
    ],
)
def test_a_model_that_cannot_be_is_refused(text, message):
    assert [problem.message[: len(message)] for problem in read(text).problems] == [message]


def test_everything_wrong_is_said_at_once_in_order():
    problems = read("busy: x\nbalnce: 1\nseed: []\n").problems
    assert [problem.span.begin.line for problem in problems] == [1, 2, 3]


def test_the_token_that_runs_send_is_that_of_the_account_called_sandbox():
    made = settings("tokens: {only-known: true}\naccounts: {sandbox: {tier: Gold}}")
    found = Caller(made, StillClock()).site("/me", token=SANDBOX_TOKEN).content.value
    assert (found["username"], found["tier"]) == ("sandbox", "Gold")
    refused = settings(f"tokens: {{refused: [{SANDBOX_TOKEN}]}}")
    assert Caller(refused, StillClock()).site("/me", token=SANDBOX_TOKEN).status == 401
