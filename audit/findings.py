"""What one part of the audit found. "No problem" and "not checked" are counted apart: a service that is silent clears nothing."""

import attrs


@attrs.frozen(kw_only=True)
class Findings:
    """The result of one check."""

    checked: int
    not_checked: int = 0
    why: str = ""
    """Why some were not checked."""
    problems: tuple[str, ...] = ()
