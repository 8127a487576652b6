"""Turns the body of submitWorkflow or updateWorkflow into what is asked for, or refuses it by name and place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from runner.criteria.compare import same_json
from runner.exchange import Request
from runner.records import Frozen
from runner.sandbox.civitai.callbacks import Callback, callback_checks, read_callbacks
from runner.sandbox.civitai.checks import (
    Check,
    json_body,
    number,
    one_of,
    positive,
    record,
    several,
    text,
    whole,
)
from runner.sandbox.civitai.moderation import Verdict, judge, strictest
from runner.sandbox.civitai.recipes import MAX_SIDE, RECIPES, Input
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.civitai.workflows import StepRequest
from runner.sandbox.patch import PatchError, patched
from runner.values import Json

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
    "steps": several(record(_STEP, required=("$type", "input")), least=1),
}

_UPDATE = record({"tags": several(text), "status": one_of(("canceled",))})


class Submission(Frozen):
    """A workflow that is asked for, and whom to tell of it."""

    steps: tuple[StepRequest, ...]
    tags: tuple[str, ...]
    callbacks: tuple[Callback, ...] = ()

    @property
    def price(self) -> int:
        return sum(step.price for step in self.steps)


class Update(Frozen):
    """A change that is asked for; `tags` is None when they stay."""

    cancel: bool
    tags: tuple[str, ...] | None


FindImage: TypeAlias = Callable[[str], Verdict | None]
"""Give what moderation says of the blob that an id names, or None where there is no such blob."""


def read_submission(request: Request, find_image: FindImage, settings: Settings) -> Submission:
    """Read the body of submitWorkflow."""
    body = _checked(request, record({**_WORKFLOW, **callback_checks(settings)}, required=("steps",)))
    steps = body["steps"]
    assert isinstance(steps, list)
    read = tuple(_step(step, index, find_image) for index, step in enumerate(steps))
    return Submission(read, _texts(body.get("tags")), read_callbacks(body, settings))


def read_update(request: Request) -> Update:
    """Read the body of updateWorkflow."""
    body = _checked(request, _UPDATE)
    return Update("status" in body, _texts(body["tags"]) if "tags" in body else None)


def read_patch(request: Request, document: dict[str, Json]) -> Update:
    """Read the body of patchWorkflow as the change that it makes to a workflow as it stands: of its status and tags."""
    patch = json_body(request, several(record({"op": text, "path": text})), "application/json-patch+json")
    try:
        after = patched(document, patch)
    except PatchError as error:
        raise Refusal(409 if error.conflict else 400, str(error)) from None
    if not isinstance(after, dict) or not same_json(document | _changeable(after), after):
        raise Refusal(400, "a patch can change /status and /tags, and nothing else")
    statuses = one_of((str(document["status"]), "canceled"))
    check = record({"tags": several(text), "status": statuses}, required=("tags", "status"))
    if problems := list(check(after, "")):
        raise Refusal(400, "; ".join(problems))
    return Update(after["status"] != document["status"], _texts(after["tags"]))


def _changeable(body: dict[str, Json]) -> dict[str, Json]:
    return {name: body[name] for name in ("status", "tags") if name in body}


def _checked(request: Request, check: Check) -> dict[str, Json]:
    """Give the body as an object that passes a check."""
    value = json_body(request, check)
    assert isinstance(value, dict)
    return value


def _step(value: Json, index: int, find_image: FindImage) -> StepRequest:
    assert isinstance(value, dict)
    given = value["input"]
    assert isinstance(given, dict)
    images = _texts(given.get("images"))
    verdicts = [
        _image(image, f"steps[{index}].input.images[{place}]", find_image) for place, image in enumerate(images)
    ]
    name = value.get("name", str(index))
    return StepRequest(str(name), str(value["$type"]), _input(given, verdicts))


def _image(blob_id: str, path: str, find_image: FindImage) -> Verdict:
    verdict = find_image(blob_id)
    if verdict is None:
        raise Refusal(400, f"{path} names no blob of yours: {blob_id[:80]!r}")
    return verdict


def _input(given: dict[str, Json], images: Sequence[Verdict]) -> Input:
    """Keep the members that prices and products depend on; each was checked to be of its type."""

    def size(name: str, default: float) -> float:
        value = given.get(name, default)
        assert isinstance(value, int | float)
        return value

    plain = Input()
    prompt = str(given.get("prompt", plain.prompt))
    return Input(
        prompt=prompt,
        width=int(size("width", plain.width)),
        height=int(size("height", plain.height)),
        steps=int(size("steps", plain.steps)),
        quantity=int(size("quantity", plain.quantity)),
        duration=size("duration", plain.duration),
        verdict=strictest((judge(prompt), *images)),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
