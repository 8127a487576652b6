"""A stand-in for Civitai: turns requests to its APIs into the responses they would give (OAuth: see `oauth`).

The published descriptions leave much open. What was chosen here:

| question | here |
|---|---|
| a token | any is an account of its own; the name of a creator (`JustMaier`) is that creator; `broke…` has no Buzz |
| a bad token | `invalid…` and `expired…` are refused by 401, on operations that need none too |
| a new account | has 10,000 Buzz, a workflow that runs until it is canceled and a finished one: `sandbox-demo`, free |
| an operation that is not built yet | 501 with its operationId |
| ids in a URL | whole numbers from 1 to 2147483647, else 400 |
| unknown query parameters and body members | ignored; a parameter that takes one value and is given twice is 400 |
| listModels, `query` with `page` | allowed |
| `query`, `tag`, `username` | part of the name; a whole tag; a whole name; all without regard to case |
| `nsfw` | false leaves mature models out, true or nothing gives all |
| `period` | newest version published within it, counted back from the catalogue's own date, 2026-05-25 |
| `sort` | Highest Rated when not given |
| a gated version (3200012) | early access: canView, not canDownload |
| a hidden version (3200020) | neither; getModelVersion gives a bare record; by hash and as a model 404 |
| an archived version (139180) | may be downloaded by right, but has no files and no downloadUrl |
| permission of a model | that of its most open version; without versions it has nothing to download |
| price of a picture | 8 Buzz at 1024 × 1024, 20 steps; grows with pixels, steps, quantity; see `recipes` |
| charged | at submission: `cost.base` is the price, `cost.total` what was charged |
| refund | when canceled before processing; not when it fails, expires or is canceled later |
| quantity | one job per step, with that many blobs |
| steps | side by side; the first to fail or expire ends the workflow, the others are canceled |
| status | by the clock, see `workflows` |
| prompts that steer it | `[fail]` and `[expire]` end so, `[stall]` never ends, `[slow:60]` takes 60 s |
| bounds | width and height 1 to 4096, steps 1 to 1000, quantity 1 to 10, duration above 0 to 3600 |
| tags of queryWorkflows | all must be there, case counts; written twice or with commas |
| canceling what has ended | 409; what is canceled already: 200, nothing changes |
| tags of updateWorkflow | replace the old ones, also of a workflow that has ended |
| blobs | PNG of the right size in one colour; sound, text and others are tiny placeholders; `nsfwLevel` 1 |
| links to blobs | signed, good for an hour, then 403; getBlob and getWorkflow give new ones |
| webhooks | see `events` and `outbox`; without `callbackEvents` those of `workflow:*`; GET `/__outbox` shows them |
| model files | there are none: a downloadUrl is to be handed out, not called |
| HEAD | where it is declared; elsewhere 405 |
"""

from __future__ import annotations

from runner.sandbox.civitai.sandbox import CivitaiSandbox, claims
from runner.sandbox.civitai.settings import SANDBOX_TOKEN, Settings

__all__ = ["SANDBOX_TOKEN", "CivitaiSandbox", "Settings", "claims"]
