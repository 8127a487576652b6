"""Where in a text a secret may stand: the patterns that find the name beside it, and itself."""

from __future__ import annotations

import re
from functools import lru_cache

from runner.late import late_pattern
from runner.secrets import is_secret_name

QUERY = re.compile(r"(?<=[?&#;])([^=&#?\s\"'<>]{1,80})=([^&#\s\"'<>{][^&#\s\"'<>]*)")
USERINFO = re.compile(r"(?<=://)([^/\s:@\"?#]*):([^/\s@\"?#]+)@")
SCHEME = late_pattern(
    r"(?i)(bearer|basic|digest|token|apikey|negotiate|dpop|hawk|aws4-hmac-sha256)\s+(\S.*)", re.DOTALL
)
COOKIE = late_pattern(r"\s*([^=;\s]+)=([^;]*)")
MEMBER = late_pattern(r'"((?:[^"\\]|\\.){1,80})"(\s*:\s*)"((?:[^"\\]|\\.)*)"')
DELIMITER = late_pattern(r"(\r?\n--)")
PART_HEAD = late_pattern(r"(.*?\r?\n\r?\n)(.*)", re.DOTALL)
PART_NAME = late_pattern(r"(?<![a-z])name=\"([^\"]*)\"", re.IGNORECASE)
EXPRESSION = re.compile(r"\$[^\s()=!<>&|]+")
POINTED = late_pattern(r"(?<=/)[^\s/]+")

COOKIE_LENGTH = 8  # a cookie that is no session is often a preference: "dark" must stay readable elsewhere
NESTED_LENGTH = 12  # below a secret name stands more than the secret: a user, a date, a flag
SPAN_FILL = late_pattern(r"[^\n]")


def may_hold_a_secret(text: str) -> bool:
    """Say whether there is a query parameter or a password of a URL in a text."""
    return bool(("=" in text and QUERY.search(text)) or ("@" in text and USERINFO.search(text)))


@lru_cache(maxsize=1024)
def secret_expression(condition: str) -> str:
    """Give the first expression of a condition whose name says that its value is secret; the empty text for none."""
    return next(filter(is_secret_name, EXPRESSION.findall(condition)), "")
