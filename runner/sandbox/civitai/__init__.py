"""A stand-in for Civitai: turns requests to its APIs into the responses they would give (OAuth: see `oauth`).

The published descriptions leave much open. What was chosen here:

| question | here |
|---|---|
| a token | any is an account of its own; the name of a creator (`JustMaier`) is that creator |
| an app's token | begins with `civitai_` and comes from the OAuth API; one that does not is 401 |
| an account | `broke…` has no Buzz, `free…` no membership, `full…` a vault without room; the others are Bronze |
| a bad token | `invalid…` and `expired…` are refused by 401, on operations that need none too |
| a new account | has 10,000 Buzz, a workflow that runs until it is canceled and a finished one: `sandbox-demo`, free |
| ids in a URL | whole numbers from 1 to 2147483647, else 400 |
| unknown query parameters and body members | ignored; a parameter that takes one value and is given twice is 400 |
| listModels, `query` with `page` | allowed |
| `query`, `tag`, `username` | part of a name; a whole tag; a whole name (listUsers: part); without regard to case |
| `limit` | as declared, and from 1 (models) or 0, which gives everything (images, creators, tags) |
| creators, tags, users | by name; tags by how many models have them, of which the catalogue holds only some |
| images | one for each version, two and more where the stock says so; reactions are those of the model |
| a hash that cannot be one | 400, also among many; more than 100 hashes, of ids 10,000, are 400 |
| hashes that are found | a version once; ids under the hash as it was spelled in the request |
| `nsfw` | false leaves mature models out, true or nothing gives all |
| `period` | newest version published within it, counted back from the catalogue's own date, 2026-05-25 |
| `sort` | Highest Rated when not given |
| a gated version (3200012) | early access: canView, not canDownload |
| a hidden version (3200020) | neither; getModelVersion gives a bare record; by hash and as a model 404 |
| an archived version (139180) | may be downloaded by right, but has no files and no downloadUrl |
| vault, a version that is in it | Pending for 2 s, then Stored, or Failed when it is archived: its files are gone |
| vault, a version that is not | getVaultItem is 404 |
| toggling | in: 404 for what is hidden, 403 for what is gated, `no_membership`, `vault_full`; out: the item |
| permission of a model | that of its most open version; without versions it has nothing to download |
| price of a picture | 8 Buzz at 1024 × 1024, 20 steps; grows with pixels, steps, quantity; see `recipes` |
| charged | at submission: `cost.base` is the price, `cost.total` what was charged |
| refund | when canceled before processing; not when it fails, expires or is canceled later |
| quantity | one job per step, with that many blobs |
| steps | side by side; the first to fail or expire ends the workflow, the others are canceled |
| status | by the clock, see `workflows` |
| prompts that steer it | `[fail]`, `[fail:reason]`, `[expire]`, `[stall]`, `[slow:60]`, `[empty]`; see `workflows` |
| moderation | by marks in a prompt, in a file and in its name, `[nsfw:x]`; see `moderation` |
| what is blocked | an upload: kept, told by `nsfwLevel` 32 and `nsfwReason`, its link 403; a job: failed, `blocked` |
| `images` of a step | ids of one's own blobs, else 400; what they show is what the result shows |
| bounds | width and height 1 to 4096, steps 1 to 1000, quantity 1 to 10, duration above 0 to 3600 |
| tags of queryWorkflows | all must be there, case counts; written twice or with commas |
| canceling what has ended | 409; what is canceled already: 200, nothing changes |
| tags of updateWorkflow | replace the old ones, also of a workflow that has ended |
| patchWorkflow | RFC 6902 on the whole workflow; may change status and tags; a failed test or a missing place is 409 |
| deleteWorkflow | cancels, with the refund of a cancel, and forgets; what it made is gone too |
| blobs | PNG of the right size in one colour; sound, text and others are tiny placeholders; kept for 30 days |
| links to blobs | signed, good for an hour, then 403; getBlob, refreshBlob and getWorkflow give new ones |
| what a link gives | with an `ETag` that `If-None-Match` and `If-Range` know; of a `Range` the one that is asked for |
| uploads | images, video, sound, up to 10 MiB, else 415, 413; empty 422; an account keeps 256 MiB |
| upload links | on the host of the links, good for 15 minutes, then 403; another type 415, another size 400 |
| signature of an upload link | in the URL, and in `headers` as `X-Expires` and `X-Signature`; either will do |
| after the PUT | headBlob is 200, `X-Blob-Status: pending` for a second; the same bytes again 200, others 409 |
| webhooks | see `events` and `outbox`; without `callbackEvents` those of `workflow:*`; GET `/__outbox` shows them |
| how it begins, what goes wrong | `scenario`, `runner.sandbox.faults` |
| what the live APIs do instead | when it is to be `live_like`, by the table in `live` |
| model files | there are none: a downloadUrl is to be handed out, not called |
| HEAD | where it is declared; elsewhere 405 |
| caching | public reads may be kept for 5 minutes, by hash for an hour, when nobody in particular asks |
"""
