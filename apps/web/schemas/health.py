"""The health of the pipeline in the read API and the stream."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from apps.observability.pipeline_stages import FiringAlert, StageState
from apps.web.documentation import page_address
from apps.web.pipeline_health import PipelineHealth, StageReport

from .fields import Millis


class StageOut(BaseModel):
    """A stage of the pipeline."""

    name: str
    state: StageState
    detail: str
    since_ms: Millis
    runbook: str | None = Field(description="Path of the runbook; null if the stage is in order or has no runbook")


class AlertOut(BaseModel):
    """A firing alert."""

    name: str
    severity: str = Field(examples=["warning", "critical"])
    summary: str
    description: str
    since_ms: Millis
    runbook: str | None = Field(description="Path of the runbook; null without one")


class LagOut(BaseModel):
    """Quantiles of the newest samples, in milliseconds."""

    p50_ms: float
    p95_ms: float


class HealthOut(BaseModel):
    """The state of the pipeline. A figure is null while it is unknown, or if it has no meaning, such as the freshness of a recording."""

    state: StageState
    stages: list[StageOut]
    alerts: list[AlertOut] = Field(description="Firing alerts, oldest first; empty without monitoring")
    links: dict[str, str] = Field(description="Addresses of monitoring pages, by name")
    now_ms: Millis
    newest_event_ms: Millis | None
    freshness_ms: int | None = Field(description="Now minus the event time of the newest trade in a candle")
    trades_per_s: float = Field(description="Trades and price updates added to watched candles, over 10 seconds")
    feed_lag: LagOut | None = Field(description="From the venue's timestamp to reception")
    page_lag: LagOut | None = Field(
        description="From reception to visible in the store, measured on the newest trade of each poll; an older trade can take one poll longer"
    )
    read_ms: float | None = Field(description="Duration of the last read of the store, all symbols")
    symbols: int = Field(description="Number of watched symbols")
    watchers: int = Field(description="Number of open pages")


def health_out(health: PipelineHealth, *, links: Mapping[str, str], symbols: int, watchers: int) -> HealthOut:
    """Return the health as JSON model."""
    return HealthOut(
        state=health.state,
        stages=[_stage_out(stage) for stage in health.stages],
        alerts=[_alert_out(alert) for alert in health.alerts],
        links=dict(links),
        now_ms=health.now_ms,
        newest_event_ms=health.newest_event_ms,
        freshness_ms=health.freshness_ms,
        trades_per_s=health.trades_per_s,
        feed_lag=_lag_out(health.feed_lag_ms),
        page_lag=_lag_out(health.page_lag_ms),
        read_ms=health.read_ms,
        symbols=symbols,
        watchers=watchers,
    )


def _stage_out(stage: StageReport) -> StageOut:
    return StageOut(
        name=stage.name,
        state=stage.state,
        detail=stage.detail,
        since_ms=stage.since_ms,
        runbook=page_address(stage.runbook),
    )


def _alert_out(alert: FiringAlert) -> AlertOut:
    return AlertOut(
        name=alert.name,
        severity=alert.severity,
        summary=alert.summary,
        description=alert.description,
        since_ms=alert.since_ms,
        runbook=page_address(alert.runbook),
    )


def _lag_out(lag_ms: tuple[float, float] | None) -> LagOut | None:
    return None if lag_ms is None else LagOut(p50_ms=lag_ms[0], p95_ms=lag_ms[1])
