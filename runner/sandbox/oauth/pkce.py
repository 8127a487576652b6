"""Turns a code verifier into its challenge, and says whether the two fit (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import re

from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.clients import same
from runner.sandbox.oauth.replies import Refusal
from runner.sandbox.oauth.state import Code

# 4.2: code-challenge = 43*128unreserved; of S256 it is a SHA-256 in base64url without padding.
_CHALLENGES = {"S256": re.compile(r"[A-Za-z0-9_-]{43}"), "plain": re.compile(r"[A-Za-z0-9._~-]{43,128}")}


def challenge_of(verifier: str, method: str = "S256") -> str:
    """Give the challenge of a verifier (4.2)."""
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode("ascii").rstrip("=")


def read_challenge(call: Call, parameters: Parameters) -> tuple[str | None, str]:
    """Read challenge and method of an authorization request; one without a method means plain (4.3)."""
    challenge = parameters.get("code_challenge")
    if challenge is None:
        if call.settings.pkce_required or parameters.get("code_challenge_method"):
            raise Refusal("invalid_request", "code_challenge is required")
        return None, "plain"
    method = parameters.get("code_challenge_method") or "plain"
    if method not in call.settings.pkce_methods:
        known = " or ".join(call.settings.pkce_methods)
        raise Refusal("invalid_request", f"code_challenge_method must be {known}, not {method}")
    if _CHALLENGES[method].fullmatch(challenge) is None:
        raise Refusal("invalid_request", f"code_challenge is not one of {method}")
    return challenge, method


def check_verifier(code: Code, verifier: str | None) -> None:
    """Refuse a verifier that does not fit the code's challenge, and one for a code without (RFC 9700, 2.1.1)."""
    if code.challenge is None:
        if verifier is not None:
            raise Refusal("invalid_grant", "the code was asked for without a code_challenge")
        return
    if verifier is None:
        raise Refusal("invalid_request", "code_verifier is required")
    if not same(code.challenge, challenge_of(verifier, code.method)):
        raise Refusal("invalid_grant", "the code_verifier does not fit the code_challenge")
