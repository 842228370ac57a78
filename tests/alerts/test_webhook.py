"""The alert webhook of `tapeline stack` with a real Alertmanager: it presents the token that its address holds."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from apps.observability.alert_log import AlertLog
from apps.observability.alert_webhook import AlertWebhook
from tests.support.alertmanager import get, post_alerts, running_alertmanager
from tests.support.timeouts import wait_until

pytestmark = [pytest.mark.servers, pytest.mark.needs("alertmanager")]


def test_alertmanager_is_let_in_by_the_token_in_the_address_and_shows_it_to_nobody(tmp_path: Path) -> None:
    log = AlertLog(tmp_path / "alerts.jsonl")
    with (
        AlertWebhook(log) as webhook,
        running_alertmanager(tmp_path, pager_url=webhook.url, chat_url=webhook.url) as manager,
    ):
        post_alerts(manager, [{"alertname": "KafkaDown", "severity": "warning"}], {"summary": "Kafka is down"})
        wait_until(lambda: [alert.name for alert in log.firing()] == ["KafkaDown"], "the alert arrives")
        shown = get(f"{manager}/api/v2/status")["config"]["original"]
        assert f"url: http://127.0.0.1:{urlsplit(webhook.url).port}/" in shown or "url: <secret>" in shown
        assert str(urlsplit(webhook.url).password) not in shown
