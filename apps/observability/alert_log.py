"""The alerts that fire now, from Alertmanager's notifications, and a file with every notified alert as one line of JSON."""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters.system_clock import system_clock
from ports.clock import Clock

from .pipeline_stages import FiringAlert

DOCS: Final = "docs/"


class AlertLog:
    """Keeps the firing alerts. Any thread may use it."""

    def __init__(self, file: Path, *, now_ms: Clock = system_clock) -> None:
        self._file = file
        self._now_ms = now_ms
        self._firing: dict[str, FiringAlert] = {}
        self._lock = threading.Lock()

    def firing(self) -> Sequence[FiringAlert]:
        """Return the firing alerts, in the order of their first notification."""
        with self._lock:
            return list(self._firing.values())

    def add(self, notification: Mapping[str, Any]) -> None:
        """Add a notification of Alertmanager's webhook (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).

        Raise KeyError, TypeError, AttributeError or ValueError if it is not one; then nothing is added. Raise OSError if the file is not writable.
        """
        alerts = [
            (alert["fingerprint"], alert["status"] == "firing", _parse(alert, self._now_ms()))
            for alert in notification["alerts"]
        ]
        lines = [f"{json.dumps(alert)}\n" for alert in notification["alerts"]]
        with self._lock:
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(lines)
            for fingerprint, is_firing, alert in alerts:
                if is_firing:
                    self._firing[fingerprint] = alert
                else:
                    self._firing.pop(fingerprint, None)


def summary(alert: FiringAlert) -> str:
    """Return an alert as one line of text, with the path of its runbook."""
    page = f" ({DOCS}{alert.runbook})" if alert.runbook else ""
    return f"{alert.name}: {alert.summary}{page}"


def _parse(alert: Mapping[str, Any], now_ms: int) -> FiringAlert:
    """Read an alert of a notification; one without a start began now."""
    labels, annotations = alert["labels"], alert["annotations"]
    page = annotations.get("runbook_url", "")
    return FiringAlert(
        name=labels["alertname"],
        severity=labels.get("severity", "warning"),
        summary=annotations["summary"],
        description=annotations.get("description", ""),
        since_ms=round(datetime.fromisoformat(alert["startsAt"]).timestamp() * 1000) if "startsAt" in alert else now_ms,
        runbook=page.removeprefix(DOCS) if page.startswith(DOCS) else "",
    )
