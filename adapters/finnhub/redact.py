"""Keeping the token out of every text that leaves the adapter.

Vendor exceptions quote the URL, and a server may quote it in its answer. So every text passes through here, and no exception of the vendor leaves
the adapter.
"""

import re
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"
_MAX_LENGTH: Final = 300

_parameter = re.compile(r"(?i)(\btoken\s*[=:]\s*)[^\s&'\"]+")


class Redactor:
    """Hides one token, in plain or URL-encoded form, and every value after `token=`."""

    def __init__(self, token: str) -> None:
        forms = {token, quote(token, safe=""), quote(token), quote_plus(token)} - {""}
        # The longest first, as one form may be a part of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without the token, on one line and of bounded length."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        text = _parameter.sub(rf"\g<1>{HIDDEN}", text)
        return " ".join(text.split())[:_MAX_LENGTH]

    def __repr__(self) -> str:
        return "Redactor()"
