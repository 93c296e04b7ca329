"""The headers of answers that a route may set, and which of their values are understood.

A shared cache keeps an answer to one person for the next when a header lets it (RFC 9111, 3.5 and 5.2.2), and a browser
lets other pages in, or tells them where somebody was, when one says so. A header that is not listed, and another value,
is refused.
"""

import re
from collections.abc import Mapping
from typing import Final

_WORDS: Final = r"[\w-]+(\s*,\s*[\w-]+)*"
_OF_THE_READER: Final = r"(private|no-store|no-cache|no-transform|must-revalidate|max-age=\d{1,8})"
_NOT_ELSEWHERE: Final = r"(?!.*\breport-(uri|to)\s+[^/\s])[^\r\n]+"
_ROBOTS: Final = r"(none|noindex|nofollow|noarchive|nosnippet|noimageindex)"

VALUES: Final[Mapping[str, str]] = {
    "cache-control": rf"(?=.*\b(private|no-store|no-cache)\b){_OF_THE_READER}(\s*,\s*{_OF_THE_READER})*",
    "expires": r"0|-1|Thu, 01 Jan 1970 00:00:00 GMT",
    "pragma": "no-cache",
    "vary": rf"\*|{_WORDS}",
    "strict-transport-security": r"max-age=[1-9]\d*(\s*;\s*(includeSubDomains|preload))*",
    "content-security-policy": _NOT_ELSEWHERE,
    "content-security-policy-report-only": _NOT_ELSEWHERE,
    "x-frame-options": "deny|sameorigin",
    "x-content-type-options": "nosniff",
    "x-xss-protection": r"0|1(\s*;\s*mode=block)?",
    "x-robots-tag": rf"{_ROBOTS}(\s*,\s*{_ROBOTS})*",
    "x-request-id": r"[^\r\n]+",
    "referrer-policy": "no-referrer|same-origin|origin|strict-origin|(strict-)?origin-when-cross-origin",
    "permissions-policy": r"[\w-]+=\((self)?\)(\s*,\s*[\w-]+=\((self)?\))*",
    "cross-origin-opener-policy": "same-origin|same-origin-allow-popups|noopener-allow-popups",
    "cross-origin-embedder-policy": "require-corp|credentialless",
    "cross-origin-resource-policy": "same-origin",
    "server": r"[^\r\n]+",
}
"""Name in small letters -> the form of its values, in letters of either size."""

KEPT: Final = frozenset({*VALUES, "www-authenticate"}) - {"server", "x-request-id"}
"""What a route may not take out of an answer: it says who may keep it, or asks who somebody is."""


def why_not(name: str, value: str) -> str:
    """Say why a route may not give answers a header with a value; nothing when it may.

    A header that is not listed is the closed model's to refuse.

    Args:
        name: The header, in any letters.
        value: Its value.
    """
    form = VALUES.get(name.lower())
    if form is None or re.fullmatch(form, value.strip(), re.IGNORECASE | re.ASCII):
        return ""
    if name.lower() in ("cache-control", "expires", "pragma"):
        return "a shared cache could keep what one person asked for, and give it to the next"
    return "what that allows others is not understood"
