"""Turns an entry into the same entry without its secrets.

A secret is known by its value (`RunStarted.secrets`) or by its place: a header, query parameter, form field, member,
input or output whose name says so. What stands at such a place is replaced, and learned: from then on it is replaced
wherever it occurs, in every encoded form. Identifiers (workflowId, stepId, the names of actions) come from the document
and are left alone, so that reports can rely on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, assert_never
from urllib.parse import unquote, unquote_plus

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    ActionTaken,
    Answered,
    AttemptFinished,
    BodyUnreadable,
    Breach,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    ContractChecked,
    CriterionChecked,
    Entry,
    Event,
    Problem,
    RunFinished,
    RunStarted,
    SecretsLearned,
    StepFinished,
    StepOutline,
    StepSkipped,
    StepStarted,
    TeardownFinished,
    TeardownStarted,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import (
    Exchange,
    Headers,
    Hop,
    Reply,
    Request,
    Response,
    decode,
    header,
    media_type,
)
from runner.records import changed
from runner.reporters import secret_places as places
from runner.reporters.secret_documents import MaskedDocuments
from runner.reporters.secret_values import PLACEHOLDER, SecretValues, basic_pair
from runner.secrets import is_secret_name, may_name_a_secret
from runner.source import Span
from runner.text import json_text
from runner.values import Absent, InputValue, Json, Value, split_pointer

V = TypeVar("V", Json, InputValue, Value)


class Redactor:
    """Stands in front of all reporters; secrets leave the stream once. What is `public` is shown at any place.

    `name` says what stands for a secret, where all of them must not look alike.
    """

    def __init__(
        self, secrets: Iterable[str] = (), public: Iterable[str] = (), name: Callable[[str], str] | None = None
    ) -> None:
        self._public = frozenset(public)
        self._given: set[str] = set()  # also those that are too short or common to be looked for everywhere
        self._secrets = SecretValues(name)
        self._wanted = self._secrets
        self._documents = MaskedDocuments()
        self._learn_all(secrets)

    def fork(self) -> Redactor:
        """Give one that knows the same secrets; what it learns stays its own."""
        forked = Redactor(public=self._public)
        forked._given = set(self._given)
        forked._secrets = forked._wanted = self._secrets.copy()
        return forked

    @property
    def known(self) -> int:
        """How many secrets are known: where it grows, what was told before may hold one."""
        return len(self._secrets)

    def redact(self, entry: Entry) -> Entry:
        """Give the entry without its secrets; the same one where there is nothing to do."""
        while True:
            known = len(self._secrets.known)
            event = self._event(entry.event)
            # What was learned on the way may also stand earlier in the same event.
            if len(self._secrets.known) == known:
                return entry if event is entry.event else Entry(entry.at, event)

    def text(self, text: str) -> str:
        """Mask the secrets in a text: known ones, and what stands in a query string or in the userinfo of a URL."""
        if "=" in text:
            text = places.QUERY.sub(self._parameter, text)
        if "@" in text:
            text = places.USERINFO.sub(self._userinfo, text)
        return self._wanted.mask(text)

    def _event(self, event: Event) -> Event:
        match event:  # what is told most often comes first
            case CriterionChecked():
                condition, verdict = self.text(event.condition), self._verdict(event.verdict, event.condition)
                return changed(event, condition=condition, verdict=verdict, span=self._span(event.span))
            case AttemptFinished() | StepFinished() | WorkflowFinished():
                return changed(event, outputs=self._members(event.outputs), problem=self._problem(event.problem))
            case StepStarted():
                target, description = self.text(event.target), self.text(event.description)
                return changed(event, target=target, description=description, span=self._span(event.span))
            case Answered():
                return changed(event, exchange=self._exchange(event.exchange))
            case ContractChecked():
                return changed(event, breaches=tuple(map(self._breach, event.breaches)))
            case RunStarted():
                return self._run(event)
            case SecretsLearned(secrets):
                self._learn_all(secrets)
                return changed(event, secrets=frozenset())
            case CaseStarted() | CaseSkipped() | CaseFinished():
                return self._of_case(event)
            case WorkflowStarted():
                steps = self._outline(event.steps)
                inputs, summary = self._members(event.inputs), self.text(event.summary)
                return changed(event, inputs=inputs, summary=summary, steps=steps, span=self._span(event.span))
            case BodyUnreadable():
                return changed(event, problem=self.text(event.problem))
            case TeardownStarted() | StepSkipped() | TeardownFinished():
                return self._bracket(event)
            case ActionTaken():
                return changed(event, span=self._span(event.span))
            case WaitStarted() | RunFinished():
                return event
            case _:
                assert_never(event)

    def _run(self, event: RunStarted) -> RunStarted:
        self._learn_all(event.secrets)
        sources = tuple((name, self.text(location)) for name, location in event.sources)
        servers = tuple(used._replace(url=self.text(used.url), reason=self.text(used.reason)) for used in event.servers)
        warnings = tuple(map(self.text, event.warnings))
        document, title = self.text(event.document), self.text(event.title)
        return RunStarted(document, title, event.workflow_ids, sources, frozenset(), servers, warnings)

    def _of_case(self, event: CaseStarted | CaseSkipped | CaseFinished) -> Event:
        """Redact a case: a row may have its name from its data."""
        case, name, row = event.case, self.text(event.case.name), self.text(event.case.row)
        event = changed(event, case=changed(case, name=name, row=row, span=self._span(case.span)))
        return event if isinstance(event, CaseStarted) else self._bracket(event)

    def _bracket(self, event: CaseSkipped | CaseFinished | TeardownStarted | StepSkipped | TeardownFinished) -> Event:
        if isinstance(event, TeardownStarted):
            return changed(event, steps=self._outline(event.steps))
        if isinstance(event, CaseSkipped | StepSkipped):
            return changed(event, reason=self.text(event.reason))
        return changed(event, problem=self._problem(event.problem))

    def _outline(self, steps: tuple[StepOutline, ...]) -> tuple[StepOutline, ...]:
        return tuple(
            changed(step, description=self.text(step.description), span=self._span(step.span)) for step in steps
        )

    def _problem(self, problem: Problem | None) -> Problem | None:
        if problem is None:
            return None
        return changed(problem, message=self.text(problem.message), span=self._span(problem.span))

    def _verdict(self, verdict: Verdict, condition: str) -> Verdict:
        name = places.secret_expression(verdict.comparison or condition)
        left, right = self._guarded(name, verdict.left), self._guarded(name, verdict.right)
        problem = self.text(verdict.problem) if verdict.problem else verdict.problem
        return changed(verdict, left=left, right=right, comparison=self.text(verdict.comparison), problem=problem)

    def _breach(self, breach: Breach) -> Breach:
        """Redact a breach by the names on the way to its value; what quotes values is dropped where one is secret."""
        found = breach.mismatch
        secret = any(map(is_secret_name, (found.name, *split_pointer(found.instance))))
        pointed = places.POINTED.findall(found.causes)
        causes = any(map(is_secret_name, pointed)) or self.text(found.causes) != found.causes
        address = found.address
        mismatch = changed(
            found,
            subject=self.text(found.subject),
            message=self.text(found.message),
            instance=self.text(found.instance),
            value=self._hidden(found.value, learn=4) if secret else self._guarded("", found.value),
            causes="" if causes or secret else found.causes,
            address=address and address._replace(uri=self.text(address.uri)),
        )
        return changed(
            breach, mismatch=mismatch, span=self._span(breach.span), declared=self._declared(breach.declared)
        )

    def _declared(self, span: Span | None) -> Span | None:
        """Mask an API description, which can be large, only where the line that will be quoted needs it."""
        if span is None:
            return None
        line, source = span.source.line(span.begin.line), span.source
        uri, name = self.text(source.uri), self.text(source.name)
        masked = self._span(span) if self.text(line) != line else span
        if masked is None or (uri, name) == (source.uri, source.name):
            return masked
        return changed(masked, source=changed(masked.source, uri=uri, name=name))

    def _span(self, span: Span | None) -> Span | None:
        """Mask the document as well: a diagnostic quotes it."""
        return self._documents.masked(span, self._secrets) if span and self._secrets.known else span

    # Values

    def _members(self, values: Mapping[str, V]) -> Mapping[str, V]:
        redacted = {name: self._guarded(name, value) for name, value in values.items()}
        return values if redacted == values else redacted

    def _guarded(self, name: str, value: V) -> V:
        try:
            return self._named(name, value)
        except RecursionError:  # too deep to be looked through, so not shown
            return PLACEHOLDER

    def _walk(self, value: V) -> V:
        match value:
            case str():
                return self.text(value)
            case bool() | None | Absent():
                return value
            case bytes():
                text = value.decode("utf-8", "surrogateescape")
                masked = self._wanted.mask(text)
                return value if masked == text else masked.encode("utf-8", "surrogateescape")
            case int() | float():
                return self._secrets.mark(str(value)) if str(value) in self._secrets.known else value
            case list():
                return [self._walk(item) for item in value]
            case dict():
                return {self.text(name): self._named(name, item) for name, item in value.items()}

    def _named(self, name: str, value: V) -> V:
        """Redact what stands under a name: all of it where the name says that it is secret."""
        return self._hidden(value, learn=4) if is_secret_name(name) else self._walk(value)

    def _hidden(self, value: V, learn: int) -> V:
        match value:
            case str():
                return self._credential(value, learn) if value else value
            case bytes():
                return PLACEHOLDER.encode()
            case bool() | None | Absent():
                return value
            case int() | float():
                self._learn(str(value), learn)
                return self._secrets.mark(str(value))
            case list():
                return [self._hidden(item, learn) for item in value]
            case dict():
                return {key: self._hidden(item, places.NESTED_LENGTH) for key, item in value.items()}

    def _learn_all(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            self._given.add(secret)
            self._credential(secret)

    def _learn(self, value: str, minimum: int = 4) -> None:
        if len(value) >= minimum:
            self._secrets.learn(value)

    def _credential(self, value: str, minimum: int = 4) -> str:
        """Learn the credential in a value such as `Bearer xyz`, and keep the scheme."""
        found = places.SCHEME.fullmatch(value.strip())
        if (found[2] if found else value) in self._public:
            return value
        if not found:
            self._learn(value, minimum)
            return self._secrets.mark(value)
        scheme, credential = found.groups()
        self._learn(credential, minimum)
        pair = basic_pair(credential) if scheme.lower() == "basic" else None
        if pair is not None:
            self._learn(pair, minimum)
            self._learn(pair.partition(":")[2], minimum)
        return f"{scheme} {self._secrets.mark(credential)}"

    def _parameter(self, found: re.Match[str]) -> str:
        name, value = unquote_plus(found[1]), unquote_plus(found[2])
        if value in self._given:
            return f"{found[1]}={self._secrets.mark(value)}"
        if not is_secret_name(name) or found[2] in self._public:
            return found[0]
        self._learn(value)
        return f"{found[1]}={self._secrets.mark(value)}"

    def _userinfo(self, found: re.Match[str]) -> str:
        password = unquote(found[2])
        self._learn(password)
        return f"{found[1]}:{self._secrets.mark(password)}@"

    # Exchanges

    def _exchange(self, exchange: Exchange) -> Exchange:
        hops = tuple(Hop(self._request(hop.sent), self._response(hop.response)) for hop in exchange.hops)
        return changed(exchange, sent=self._request(exchange.sent), reply=self._reply(exchange.reply), hops=hops)

    def _request(self, request: Request) -> Request:
        return changed(
            request, url=self.text(request.url), headers=self._headers(request.headers), body=self._body(request)
        )

    def _reply(self, reply: Reply) -> Reply:
        if isinstance(reply, Response):
            return self._response(reply)
        return changed(reply, message=self.text(reply.message))

    def _response(self, response: Response) -> Response:
        headers, body = self._headers(response.headers), self._body(response)
        return changed(response, headers=headers, body=body, reason=self.text(response.reason))

    def _headers(self, headers: Headers) -> Headers:
        names, values = [name for name, _ in headers], [value for _, value in headers]
        text = "\n".join(values)  # nothing that is looked for reaches across
        by_name = any(map(is_secret_name, names)) or places.may_hold_a_secret(text)
        if by_name or not self._given.isdisjoint(values) or self._secrets.may_stand_in(text) or PLACEHOLDER in text:
            return tuple((name, self._header(name, value)) for name, value in headers)
        return headers

    def _header(self, name: str, value: str) -> str:
        if name.lower() == "cookie":
            return "; ".join(self._cookie(part) for part in value.split(";"))
        if name.lower() == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            return self._cookie(cookie) + semicolon + attributes
        if value in self._given:
            return self._secrets.mark(value)
        return self._credential(value) if value and is_secret_name(name) else self.text(value)

    def _cookie(self, text: str) -> str:
        found = places.COOKIE.match(text)
        if not found:
            return PLACEHOLDER
        if found[2] in self._public:
            return text
        value = found[2].strip('"')
        self._learn(value, 4 if is_secret_name(found[1]) else places.COOKIE_LENGTH)
        return f"{found[1]}={self._secrets.mark(value)}"

    def _body(self, message: Request | Response) -> bytes:
        body = message.body
        text = body.decode("utf-8", "surrogateescape")
        if not (may_name_a_secret(text) or self._secrets.may_stand_in(text) or PLACEHOLDER in text):
            return body
        self._wanted = self._secrets.standing_in(text)
        try:
            return self._body_of(message, text)
        finally:
            self._wanted = self._secrets

    def _body_of(self, message: Request | Response, text: str) -> bytes:
        body = message.body
        kind = media_type(header(message.headers, "content-type"))
        match kind.essence:
            case "application/x-www-form-urlencoded":
                redacted = self.text(places.QUERY.sub(self._parameter, "&" + text))[1:]
            case essence if essence.startswith("multipart/"):
                redacted = self.text("".join(map(self._part, places.DELIMITER.split(text))))
            case _:
                content = message.content.value
                if isinstance(content, dict | list):
                    shown = self._guarded("", content)
                    return body if shown == content else json_text(shown).encode(kind.charset, "backslashreplace")
                # not one JSON value, but it may hold some: lines of JSON, server-sent events, broken JSON
                redacted = self.text(places.MEMBER.sub(self._member, text))
        return body if redacted == text else redacted.encode("utf-8", "surrogateescape")

    def _member(self, found: re.Match[str]) -> str:
        if not is_secret_name(found[1]):
            return found[0]
        content = decode(f'"{found[3]}"'.encode("utf-8", "surrogateescape"), "application/json").value
        value = content if isinstance(content, str) else found[3]
        self._learn(value)
        return f'"{found[1]}"{found[2]}"{self._secrets.mark(value)}"'

    def _part(self, text: str) -> str:
        """Redact one part of a multipart body by the name in its head."""
        found = places.PART_HEAD.fullmatch(text)
        named = places.PART_NAME.search(found[1]) if found else None
        if not found or not named or not is_secret_name(named[1]):
            return text
        self._learn(found[2])
        return found[1] + self._secrets.mark(found[2])
