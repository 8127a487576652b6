"""The one way in which a value can refuse to become a part of a request."""

from __future__ import annotations


class SerializationProblem(ValueError):  # noqa: N818 - it says what is wrong with a value, not with the program
    """Say why a value cannot be sent where it should go: one line that names the place and never quotes the value."""
