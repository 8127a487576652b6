"""Turns the body of submitWorkflow or updateWorkflow into what is asked for, or refuses it by name and place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.exchange import Request, header, media_type
from runner.sandbox.civitai.callbacks import EVENTS, Callback, callback_url
from runner.sandbox.civitai.checks import Check, flag, number, one_of, positive, record, several, text, whole
from runner.sandbox.civitai.recipes import MAX_SIDE, RECIPES, Input
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.civitai.settings import WebhookMode
from runner.sandbox.civitai.workflows import StepRequest
from runner.values import Absent, Json

_INPUT: dict[str, Check] = {
    "engine": text,
    "model": text,
    "prompt": text,
    "negativePrompt": text,
    "width": whole(1, MAX_SIDE),
    "height": whole(1, MAX_SIDE),
    "aspectRatio": text,
    "steps": whole(1, 1000),
    "cfgScale": number,
    "sampler": text,
    "seed": whole(),
    "clipSkip": whole(),
    "quantity": whole(1, 10),
    "additionalNetworks": several(record({"air": text, "strength": number})),
    "images": several(text),
    "duration": positive(3600),
    "fps": whole(),
    "upscaler": text,
}

_STEP: dict[str, Check] = {
    "$type": one_of(tuple(RECIPES)),
    "name": text,
    "input": record(_INPUT),
    "priority": one_of(("low", "normal", "high")),
}

_WORKFLOW: dict[str, Check] = {
    "tags": several(text),
    "callbackEvents": several(one_of(EVENTS)),
    "detailed": flag,
    "steps": several(record(_STEP, required=("$type", "input")), least=1),
}

_UPDATE = record({"tags": several(text), "status": one_of(("canceled",))})


@dataclass(frozen=True, slots=True)
class Submission:
    """A workflow that is asked for, and whom to tell of it."""

    steps: tuple[StepRequest, ...]
    tags: tuple[str, ...]
    callback: Callback | None = None

    @property
    def price(self) -> int:
        return sum(step.price for step in self.steps)


@dataclass(frozen=True, slots=True)
class Update:
    """A change that is asked for; `tags` is None when they stay."""

    cancel: bool
    tags: tuple[str, ...] | None


def read_submission(request: Request, webhooks: WebhookMode = "off") -> Submission:
    """Read the body of submitWorkflow."""
    body = _checked(request, record({**_WORKFLOW, "callbackUrl": callback_url(webhooks)}, required=("steps",)))
    steps = body["steps"]
    assert isinstance(steps, list)
    read = tuple(_step(step, index) for index, step in enumerate(steps))
    return Submission(read, _texts(body.get("tags")), _callback(body))


def read_update(request: Request) -> Update:
    """Read the body of updateWorkflow."""
    body = _checked(request, _UPDATE)
    return Update("status" in body, _texts(body["tags"]) if "tags" in body else None)


def _checked(request: Request, check: Check) -> dict[str, Json]:
    """Give the body as an object that passes a check."""
    kind = media_type(header(request.headers, "content-type"))
    if kind.essence and not kind.is_json:
        raise Refusal(415, f"the body must be application/json, not {kind.essence}")
    value, problem = request.content
    if isinstance(value, Absent):
        raise Refusal(400, "a JSON body is required")
    if problem is not None or isinstance(value, bytes):
        raise Refusal(400, f"the body cannot be read: {problem or 'it is not JSON'}")
    problems = list(check(value, ""))
    if problems:
        raise Refusal(400, "; ".join(problems))
    assert isinstance(value, dict)
    return value


def _callback(body: dict[str, Json]) -> Callback | None:
    if "callbackUrl" not in body:
        return None
    plain = Callback(str(body["callbackUrl"]), detailed=body.get("detailed") is True)
    return replace(plain, events=_texts(body["callbackEvents"])) if "callbackEvents" in body else plain


def _step(value: Json, index: int) -> StepRequest:
    assert isinstance(value, dict)
    given = value["input"]
    assert isinstance(given, dict)
    name = value.get("name", str(index))
    return StepRequest(str(name), str(value["$type"]), _input(given))


def _input(given: dict[str, Json]) -> Input:
    """Keep the members that prices and products depend on; each was checked to be of its type."""

    def size(name: str, default: float) -> float:
        value = given.get(name, default)
        assert isinstance(value, int | float)
        return value

    plain = Input()
    return Input(
        prompt=str(given.get("prompt", plain.prompt)),
        width=int(size("width", plain.width)),
        height=int(size("height", plain.height)),
        steps=int(size("steps", plain.steps)),
        quantity=int(size("quantity", plain.quantity)),
        duration=size("duration", plain.duration),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
