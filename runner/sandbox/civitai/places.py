"""Where the stand-ins for Civitai's APIs stand, and the token that opens them."""

from __future__ import annotations

SANDBOX_ACCOUNT = "sandbox"
SANDBOX_TOKEN = "sandbox-token"
"""The bearer token of that account, to send when nobody gives another; it opens nothing but this stand-in.

Reports take it out all the same, wherever it stands: so it is nothing that a path, a tag or a name would hold.
"""

ORCHESTRATION_ORIGIN = "https://orchestration.civitai.com"
AUTH_ORIGIN = "https://auth.civitai.com"
# RFC 2606 reserves `.example`: a link that escapes from a sandbox run into a report can lead nowhere.
BLOB_ORIGIN = "https://blobs.civitai.example"
SITE_ORIGIN = "https://civitai.com"
