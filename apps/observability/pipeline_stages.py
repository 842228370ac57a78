"""The stages of the pipeline and the alerts that fire, as the live page and the terminal show them."""

import enum

import attrs


class StageState(enum.StrEnum):
    """The state of a stage."""

    OK = "ok"
    WARNING = "warning"
    """The stage works, but not as it should, or its state is not known yet."""
    DOWN = "down"


@attrs.frozen(kw_only=True)
class Stage:
    """A stage of the pipeline at one moment."""

    name: str
    state: StageState
    detail: str = ""
    """A few words or figures, such as `connected` or `3 rejected`."""
    runbook: str = ""
    """Path of the runbook below `docs`; empty without one."""


@attrs.frozen(kw_only=True)
class FiringAlert:
    """An alert that has fired and is not resolved."""

    name: str
    severity: str
    """`critical` or `warning`."""
    summary: str
    description: str
    since_ms: int
    runbook: str
    """Path of the runbook below `docs`; empty without one."""
