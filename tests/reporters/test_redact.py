"""What is secret leaves the stream."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    Answered,
    CriterionChecked,
    Entry,
    Event,
    Problem,
    RunStarted,
    SecretsLearned,
    StepFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Headers, Hop, Request, Response
from runner.records import values_of
from runner.reporters.redact import Redactor
from runner.reporters.secret_values import SecretValues
from runner.secrets import ENDINGS, WHOLE, is_secret_name, may_name_a_secret
from runner.source import Source, Span
from runner.values import ABSENT, Value

from .story import SECRET, story

JSON = (("Content-Type", "application/json"),)
EVENTS = (("Content-Type", "text/event-stream"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def redacted(event: Event, *secrets: str) -> Event:
    return Redactor(secrets).redact(Entry(0, event)).event


def sent(url: str = "https://x.example/", headers: Headers = (), body: bytes = b"") -> Request:
    event = redacted(Answered((), Exchange(Request("POST", url, headers, body), Response(204))))
    assert isinstance(event, Answered)
    return event.exchange.sent


def outputs(values: dict[str, Value], *secrets: str) -> dict[str, Value]:
    event = redacted(StepFinished((), "s", "passed", values, 1), *secrets)
    assert isinstance(event, StepFinished)
    return dict(event.outputs)


@pytest.mark.parametrize(
    "name",
    [
        *("token", "Token", "access_token", "accessToken", "ACCESS-TOKEN", "refresh_token", "idToken", "X-Auth-Token"),
        *(
            "api_key",
            "apikey",
            "apiKey",
            "APIKey",
            "X-Api-Key",
            "X-Goog-Api-Key",
            "secret",
            "client_secret",
            "password",
        ),
        *("newPassword", "user[password]", "auth.token", "passwd", "authorization", "Proxy-Authorization", "session"),
        *("sessionId", "session_id", "cookie", "Set-Cookie", "X-Amz-Signature", "openai_api_key", "stripeSecretKey"),
        *("oauth2_access_token", "code_verifier", "csrfToken", "OAuthToken"[1:], "$response.body#/access_token"),
    ],
)
def test_a_name_that_says_so_is_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("nextPageToken", "page_token", "pageToken", "continuationToken", "next_token", "syncToken", "tokenExpires"),
        *(
            "token_type",
            "token_endpoint",
            "maxTokens",
            "max_tokens",
            "tokens",
            "totalTokens",
            "promptTokens",
            "token_count",
        ),
        *("passwordPolicy", "secretary", "secret_name", "keyboard", "key", "primary_key", "Idempotency-Key", "author"),
        *(
            "sessions",
            "session_count",
            "cookies_accepted",
            "WWW-Authenticate",
            "X-RateLimit-Remaining",
            "id",
            "",
            "...",
        ),
        *("compass", "bypass", "design", "inside", "client_id", "expires_in", "tokenizer", "statusCode"),
    ],
)
def test_a_name_that_only_contains_such_a_word_is_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize("name", sorted(WHOLE | ENDINGS))
def test_the_quick_look_overlooks_no_secret_name(name: str) -> None:
    assert is_secret_name(name)
    assert may_name_a_secret(name.upper())


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc.def", "Bearer ***"),
        ("authorization", "Basic cm9zYTpodW50ZXIy", "Basic ***"),
        ("Authorization", "raw-credential", "***"),
        ("Proxy-Authorization", "Digest username=a, response=b", "Digest ***"),
        ("Cookie", "theme=dark; sid=abcdef", "theme=***; sid=***"),
        ("Set-Cookie", "sid=abcdef; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
        ("X-API-KEY", "k-123456", "***"),
        (
            "Location",
            "https://x.example/cb#access_token=abcdef&state=1",
            "https://x.example/cb#access_token=***&state=1",
        ),
        ("Accept", "application/json", "application/json"),
        ("X-Request-Id", "abc", "abc"),
    ],
)
def test_a_header_loses_its_credential_and_keeps_its_scheme(name: str, value: str, shown: str) -> None:
    assert sent(headers=((name, value),)).headers == ((name, shown),)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a?token=abc%2Fdef&page=2", "https://x.example/a?token=***&page=2"),
        ("https://x.example/a?nextPageToken=abcdef", "https://x.example/a?nextPageToken=abcdef"),
        ("https://rosa:hunter2@x.example/", "https://rosa:***@x.example/"),
        ("https://x.example/a?X-Amz-Signature=0a1b2c3d", "https://x.example/a?X-Amz-Signature=***"),
        ("https://x.example/a?api_key=", "https://x.example/a?api_key="),
    ],
)
def test_a_url_loses_its_secrets(url: str, shown: str) -> None:
    assert sent(url).url == shown


@pytest.mark.parametrize(
    ("headers", "body", "shown"),
    [
        (JSON, b'{"password": "x", "user": "rosa"}', b'{"password":"***","user":"rosa"}'),
        (JSON, b'{"pin": 1, "token": 5, "secret": true}', b'{"pin":1,"token":"***","secret":true}'),
        (JSON, b'{"session": {"id": "abc", "n": [1]}}', b'{"session":{"id":"***","n":["***"]}}'),
        (JSON, b'{"user" : "rosa", "tokens": 3}', b'{"user" : "rosa", "tokens": 3}'),
        (JSON, b'{"token": "broken', b'{"token": "broken'),
        (JSON, b'{"token": "abcdef", broken', b'{"token": "***", broken'),
        ((), b'{"token": "abcdef"}', b'{"token":"***"}'),
        (FORM, b"grant_type=password&password=a%20b&user=rosa", b"grant_type=password&password=***&user=rosa"),
        (FORM, b"token=abcdef", b"token=***"),
        (EVENTS, b'data: {"access_token":"abcdef"}\n\n', b'data: {"access_token":"***"}\n\n'),
        (
            (("Content-Type", "multipart/form-data; boundary=B"),),
            b'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--B--\r\n',
            b'--B\r\nContent-Disposition: form-data; name="password"\r\n\r\n***\r\n--B--\r\n',
        ),
        (JSON, "{\"token\": \"abcdef\", \"name\": \"日本\"}".encode(), '{"token":"***","name":"日本"}'.encode()),
    ],
)  # fmt: skip
def test_a_body_is_redacted_by_its_structure(headers: Headers, body: bytes, shown: bytes) -> None:
    assert sent(headers=headers, body=body).body == shown


def test_binary_stays_binary_but_for_a_secret_in_it() -> None:
    body = b"\xff\xfe\x00 tok-12345678 \x80"
    request = sent(headers=(("Authorization", "Bearer tok-12345678"),), body=body)
    assert request.body == b"\xff\xfe\x00 *** \x80"


@given(st.text(min_size=4), st.text(), st.text())
def test_every_encoded_form_of_a_secret_is_masked(secret: str, before: str, after: str) -> None:
    known = SecretValues()
    known.learn(secret)
    if not len(known):
        return
    raw = secret.encode("utf-8", "surrogatepass")
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(raw),
        quote(raw, safe=""),
    ]
    forms += [quote_plus(raw), quote(raw, safe="").lower() if secret.islower() else secret]
    forms += [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
    ]
    for form in forms:
        masked = known.mask(f"{before}{form}{after}")
        assert "***" in masked
        assert form not in masked.replace("***", "") or form in before + after


@pytest.mark.parametrize("user", ["a", "ab", "abc", "rosa"])
def test_a_secret_is_found_in_a_basic_pair_whatever_its_alignment(user: str) -> None:
    pair = base64.b64encode(f"{user}:correct-horse:tail".encode()).decode()
    assert outputs({"echo": pair}, "correct-horse")["echo"] != pair


def test_the_password_of_a_basic_pair_is_learned() -> None:
    redactor = Redactor()
    pair = base64.b64encode(b"rosa:hunter2").decode()
    request = Request("GET", "https://x.example/", (("Authorization", f"Basic {pair}"),))
    redactor.redact(Entry(0, Answered((), Exchange(request, Response(200)))))
    assert redactor.text(f"hunter2 of rosa, {pair}, rosa:hunter2") == "*** of rosa, ***, ***"


@pytest.mark.parametrize("value", ["", "abc", "true", "null", "123", "1234567", "None", "***", "****"])
def test_a_trivial_value_is_hidden_in_its_place_and_nowhere_else(value: str) -> None:
    redactor = Redactor()
    event = StepFinished((), "s", "passed", {"password": value, "other": f"-{value}-"}, 1)
    shown = redactor.redact(Entry(0, event)).event
    assert isinstance(shown, StepFinished)
    assert shown.outputs == {"password": "***" if value else "", "other": f"-{value}-"}


@pytest.mark.parametrize("value", ["abc", "true", "1234567"])
def test_a_trivial_credential_is_hidden_in_headers_and_queries_of_any_name(value: str) -> None:
    request = Request("GET", f"https://x.example/?page=7&k={value}", (("X-Odd", value), ("X-Even", f"{value}!")))
    event = redacted(Answered((), Exchange(request, Response(204))), value)
    assert isinstance(event, Answered)
    assert event.exchange.sent.url == "https://x.example/?page=7&k=***"
    assert event.exchange.sent.headers == (("X-Odd", "***"), ("X-Even", f"{value}!"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a b", "a b"),
        ("max-age=5, private", "max-age=5, private"),
        ("in the tok-abcdefgh midst", "in the *** midst"),
        (base64.b64encode(b"tok-abcdefgh").decode(), "***"),
        ("https://x.example/?code=1&token=qrs-12345678", "https://x.example/?code=1&token=***"),
        ("https://rosa:hunter22@x.example/", "https://rosa:***@x.example/"),
        ("***7***", "***"),
    ],
)
def test_the_value_of_a_header_that_is_not_secret_by_name_is_looked_through(value: str, shown: str) -> None:
    plain = (("Date", "today"), ("X-Other", "tok-abcdefg"))
    request = Request("GET", "https://x.example/", (*plain, ("X-Some", value)))
    event = redacted(Answered((), Exchange(request, Response(204))), "tok-abcdefgh")
    assert isinstance(event, Answered)
    assert event.exchange.sent.headers == (*plain, ("X-Some", shown))


def test_a_header_that_was_clean_once_is_masked_when_more_is_known() -> None:
    redactor, answer = (
        Redactor(),
        Answered((), Exchange(Request("GET", "https://x.example/"), Response(200, (("A", "tok-abcdefgh"),)))),
    )
    assert redactor.redact(Entry(0, answer)).event == answer
    redactor.redact(Entry(0, SecretsLearned(frozenset({"tok-abcdefgh"}))))
    event = redactor.redact(Entry(0, answer)).event
    assert isinstance(event, Answered)
    assert isinstance(event.exchange.reply, Response)
    assert event.exchange.reply.headers == (("A", "***"),)


def test_what_one_case_learned_is_not_masked_in_another_and_is_learned_there_again() -> None:
    whole = Redactor()
    first, second = whole.fork(), whole.fork()
    learned = Entry(0, SecretsLearned(frozenset({"tok-abcdefgh"})))
    first.redact(learned)
    assert (first.text("a tok-abcdefgh"), second.text("a tok-abcdefgh")) == ("a ***", "a tok-abcdefgh")
    second.redact(learned)
    assert (second.text("a tok-abcdefgh"), whole.text("a tok-abcdefgh")) == ("a ***", "a tok-abcdefgh")


def test_what_is_learned_late_is_masked_in_the_whole_event() -> None:
    request = Request("GET", "https://x.example/tok-abcdefgh")
    hop = Hop(Request("GET", "https://x.example/?q=tok-abcdefgh"), Response(302))
    answer = Response(200, JSON, b'{"access_token": "tok-abcdefgh"}')
    event = redacted(Answered((), Exchange(request, answer, hops=(hop,))))
    assert "tok-abcdefgh" not in repr(event)
    assert isinstance(event, Answered)
    assert isinstance(event.exchange.reply, Response)
    assert b"tok-abcdefgh" not in event.exchange.reply.body


def test_a_secret_is_masked_in_problems_verdicts_and_values() -> None:
    problem = Problem("criterion", "'hunter22' is not 'x'")
    event = redacted(
        StepFinished((), "hunter22", "failed", {"a": ["hunter22"], "b": b"hunter22", "c": ABSENT}, 1, problem),
        "hunter22",
    )
    assert isinstance(event, StepFinished)
    assert event.outputs == {"a": ["***"], "b": b"***", "c": ABSENT}
    assert event.problem == Problem("criterion", "'***' is not 'x'")
    assert event.step_id == "hunter22", "identifiers are left alone"


def test_operands_of_a_comparison_with_a_secret_name_are_hidden() -> None:
    verdict = Verdict(False, "abc-def-ghi", "xyz", "$response.body#/access_token == 'xyz'")
    event = redacted(CriterionChecked((), "$response.body#/access_token == 'xyz'", "simple", verdict))
    assert isinstance(event, CriterionChecked)
    assert (event.verdict.left, event.verdict.right) == ("***", "***")


def test_the_document_that_a_diagnostic_quotes_is_masked_and_its_positions_hold() -> None:
    source = Source("u", "f.yaml", "value: hunter22\nnext: line\n")
    span = Span(source, 16, 20)
    event = redacted(StepFinished((), "s", "failed", {}, 1, Problem("input", "m", span)), "hunter22")
    assert isinstance(event, StepFinished)
    assert event.problem is not None
    assert event.problem.span is not None
    assert event.problem.span.source.text == "value: ********\nnext: line\n"
    assert (event.problem.span.begin, event.problem.span.text) == (span.begin, "next")


def test_an_input_that_is_a_password_is_known_from_the_start() -> None:
    redactor = Redactor()
    started = redactor.redact(Entry(0, RunStarted("d", "t", ("w",), (), frozenset({"hunter22"})))).event
    assert isinstance(started, RunStarted)
    assert started.secrets == frozenset()
    shown = redactor.redact(Entry(0, WorkflowStarted((), "w", "asked", {"pass phrase": "hunter22", "n": 1}, ()))).event
    assert isinstance(shown, WorkflowStarted)
    assert shown.inputs == {"pass phrase": "***", "n": 1}


def test_a_secret_that_is_learned_on_the_way_is_known_from_then_on() -> None:
    redactor = Redactor()
    learned = redactor.redact(Entry(0, SecretsLearned(frozenset({"t0ken/1"})))).event
    assert learned == SecretsLearned(frozenset())
    shown = redactor.redact(Entry(0, StepFinished((), "s", "passed", {"page": "x?y=t0ken%2F1"}, 1))).event
    assert isinstance(shown, StepFinished)
    assert shown.outputs == {"page": "x?y=***"}


def test_a_number_that_is_a_secret_is_masked_as_one() -> None:
    assert outputs({"echo": [1234567890, 5]}, "1234567890") == {"echo": ["***", 5]}


def test_a_value_too_deep_to_look_through_is_not_shown() -> None:
    deep: Value = "x"
    for _ in range(5000):
        deep = [deep]  # type: ignore[list-item]
    assert outputs({"deep": deep})["deep"] == "***"


def test_an_entry_without_secrets_is_given_back_as_it_is() -> None:
    harmless = Entry(
        0, Answered((), Exchange(Request("GET", "https://x.example/?page=2"), Response(200, JSON, b'{"a": 1}')))
    )
    assert Redactor(["some-secret"]).redact(harmless) is harmless


def test_no_secret_of_a_story_is_left() -> None:
    redactor = Redactor()
    for entry in story():
        event = redactor.redact(entry).event
        texts = [repr(value) for value in values_of(event).values()]
        if isinstance(event, Answered):
            reply = event.exchange.reply
            texts += [repr(event.exchange.sent.body), repr(reply.body) if isinstance(reply, Response) else ""]
        assert not any(SECRET in text or "tok-12345678" in text for text in texts)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), b'token"' + b'"' * 200_000),
        ((), b"?token=" + b"?" * 200_000 + b"&a" * 100_000),
        ((), b'"token":"' * 50_000),
        ((), b"://a:b" * 50_000 + b"@"),
        ((("Content-Type", "multipart/form-data"),), b'name="password"\r\n' * 20_000),
        ((("Content-Type", "multipart/form-data"),), b'name="password"\r\n\r\n' * 20_000),
    ],
)
def test_a_body_made_to_be_slow_is_not(headers: Headers, body: bytes) -> None:
    started = time.perf_counter()
    sent(headers=headers, body=body)
    assert time.perf_counter() - started < 2


def test_what_a_thousand_answers_taught_is_bounded() -> None:
    known = SecretValues()
    for number in range(1200):
        known.learn(f"secret-{number}-of-many")
    known.learn("x" * 100_000)
    assert len(known) == 1000
