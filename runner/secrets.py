"""Turns the name of a header, parameter or member into whether what stands under it is a secret.

Whole words decide, without case, underscore or dash: `accessToken`, `ACCESS_TOKEN` and `access-token` are one name.
A name that merely contains such a word is not hit: `nextPageToken` is a cursor, `tokenExpires` a date, `maxTokens` a
number, `token_type` and `passwordPolicy` are descriptions.
"""

from __future__ import annotations

import re
from functools import lru_cache

SHORTEST = 4
"""Characters of a secret that is looked for in text: shorter ones stand in many a text by chance."""

WHOLE = frozenset(
    (
        "token",
        "pwd",
        "authorization",
        "proxyauthorization",
        "cookie",
        "setcookie",
        "session",
        "sid",
        "jwt",
        "bearer",
        "otp",
        "sig",
        "signature",
        "idtokenhint",
        "passwordconfirmation",
    )
)
"""Secrets where this is the whole name; with another word before it, it is more often something else."""

ENDINGS = frozenset(
    (
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secretkey",
        "apikey",
        "accesskey",
        "secretaccesskey",
        "privatekey",
        "signingkey",
        "encryptionkey",
        "sessionkey",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "authtoken",
        "apitoken",
        "bearertoken",
        "sessiontoken",
        "securitytoken",
        "csrftoken",
        "xsrftoken",
        "clientassertion",
        "codeverifier",
        "devicecode",
        "sessionid",
        "amzsignature",
        "amzcredential",
        "googsignature",
    )
)
"""Secrets whatever words come before: `new_password`, `stripeSecretKey`, `X-Amz-Security-Token`."""

STEMS = (
    *("token", "pass", "pwd", "secret", "key", "auth", "cookie", "session", "sid", "jwt", "bearer", "otp", "sig"),
    *("assertion", "verifier", "credential", "device"),
)
"""Each secret name contains one of these: text without any of them needs no closer look."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_SEGMENT = re.compile(r"[^.\[\]/#]+")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Say whether a name says that its value is secret; of `user[password]` and `auth.token` the last part counts."""
    segments = _SEGMENT.findall(name)
    words = [word.lower() for word in _WORD.findall(segments[-1])] if segments else []
    if words[:1] == ["x"]:
        words = words[1:]
    return "".join(words) in WHOLE or any("".join(words[start:]) in ENDINGS for start in range(len(words)))


def may_name_a_secret(text: str) -> bool:
    """Say whether a text could hold a secret name at all; quick, and never wrong when it says no."""
    folded = text.lower()
    for stem in STEMS:  # noqa: SIM110 - a generator is one more call for each of them
        if stem in folded:
            return True
    return False
