import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest

from apps.observability.alert_log import AlertLog, summary
from apps.observability.alert_webhook import MAX_BODY, AlertWebhook


@attrs.frozen
class Receiver:
    file: Path
    log: AlertLog
    webhook: AlertWebhook

    def post(self, body: bytes = b"", **headers: str | None) -> int:
        """Send as Alertmanager does; a header of None is left out."""
        url = urlsplit(self.webhook.url)
        token = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        sent: dict[str, str | None] = {
            "Host": f"{url.hostname}:{url.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Authorization": f"Basic {token}",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", url.port or 0, timeout=30)
        try:
            connection.putrequest("POST", "/", skip_host=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    file = tmp_path / "alerts.jsonl"
    log = AlertLog(file)
    with AlertWebhook(log) as webhook:
        yield Receiver(file, log, webhook)


def notification(status: str, name: str) -> bytes:
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "critical"},
        "annotations": {
            "summary": f"{name} is so",
            "description": "And more.",
            "runbook_url": f"docs/runbooks/{name}.md",
        },
        "startsAt": "2024-01-31T09:30:00.123456789Z",
        "fingerprint": name,
    }
    return json.dumps({"receiver": "chat", "alerts": [alert]}).encode()


def test_the_log_knows_what_fires_now_and_keeps_every_notification(receiver: Receiver) -> None:
    assert receiver.log.firing() == []
    for name in ("KafkaDown", "FeedSilent", "KafkaDown"):
        assert receiver.post(notification("firing", name)) == 200
    kafka, feed = receiver.log.firing()
    assert summary(kafka) == "KafkaDown: KafkaDown is so (docs/runbooks/KafkaDown.md)"
    assert (kafka.severity, kafka.description, kafka.since_ms) == ("critical", "And more.", 1_706_693_400_123)
    assert (feed.name, feed.runbook) == ("FeedSilent", "runbooks/FeedSilent.md")
    assert receiver.post(notification("resolved", "KafkaDown")) == 200
    assert receiver.log.firing() == [feed]
    assert [json.loads(line)["status"] for line in receiver.file.read_text().splitlines()] == [
        "firing",
        "firing",
        "firing",
        "resolved",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"alerts": [{}]}',
        b"[" * 100_000,
        # The first alert is right, the second is not: neither counts.
        notification("firing", "KafkaDown").replace(b"}]}", b"}, {}]}"),
    ],
)
def test_what_is_not_a_notification_is_refused_and_leaves_no_trace(receiver: Receiver, body: bytes) -> None:
    assert receiver.post(body) == 400
    assert receiver.log.firing() == []
    assert not receiver.file.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": None}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer 0123456789abcdef"}, 401),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": None}, 415),
        ({"Content_Length": None}, 411),
        ({"Content_Length": "-1"}, 411),
        ({"Content_Length": "1e3"}, 411),
        ({"Content_Length": str(MAX_BODY + 1)}, 413),
        ({"Content_Length": "9" * 400}, 413),
    ],
)
def test_what_a_page_in_a_browser_could_send_is_refused(
    receiver: Receiver, headers: dict[str, str | None], status: int
) -> None:
    assert receiver.post(notification("firing", "KafkaDown"), **headers) == status
    assert receiver.log.firing() == []


def test_the_address_is_a_secret_of_each_run(receiver: Receiver, tmp_path: Path) -> None:
    assert str(urlsplit(receiver.webhook.url).password) not in repr(receiver.webhook.url)
    with AlertWebhook(AlertLog(tmp_path / "other.jsonl")) as other:
        assert urlsplit(other.url).password != urlsplit(receiver.webhook.url).password


def test_an_alert_without_a_start_began_when_it_was_notified(tmp_path: Path) -> None:
    log = AlertLog(tmp_path / "alerts.jsonl", now_ms=lambda: 1_706_693_400_000)
    begun = json.loads(notification("firing", "KafkaDown"))
    del begun["alerts"][0]["startsAt"]
    log.add(begun)
    assert [alert.since_ms for alert in log.firing()] == [1_706_693_400_000]
