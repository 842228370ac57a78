"""Port: what is wrong with an outside system, as seen from here."""

from collections.abc import Sequence
from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class Finding:
    """The result of one check."""

    check: str
    """What was checked, such as `kafka.topics`."""
    ok: bool
    detail: str
    """What was found, in one line."""


class Diagnosis(Protocol):
    """Checks a system without changing it."""

    def findings(self) -> Sequence[Finding]:
        """Return a finding for each check; checks that need a failed one are left out. Never raise PortError."""
        ...
