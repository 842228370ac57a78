"""`make stack --secure` as a whole: its page and its own Prometheus reach its protected programs, and alerts fire on what its servers refuse
and on a certificate that ends soon.
"""

import contextlib
from pathlib import Path

import httpx
import psutil
import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from tests.support.needs import MONITORING
from tests.support.programs import TOKEN
from tests.support.sockets import is_loopback, listening
from tests.support.watched_stacks import QUICK_JIT, Watched, until, watched

from .new_authority import NewAuthority
from .refusals import (
    be_denied_by_kafka,
    log_in_to_cassandra_with_a_wrong_password,
    log_in_to_kafka_with_a_wrong_password,
)
from .rights import passwords

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.needs(*MONITORING), pytest.mark.timeout(600)]

SECURITY_ALERTS = {"AuthenticationFailing", "AuthorizationDenied", "CertificateEnding"}


def shown_by(seen: Watched) -> str:
    """Return what other users could see of the stack: the command lines of its processes, and its logs and output."""
    commands = []
    for process in psutil.Process(seen.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            commands += process.cmdline()
    assert any("apps.aggregator" in text for text in commands)
    logs = [file.read_text(errors="replace") for file in seen.stack.folder.rglob("*.log")]
    return "\n".join((*commands, *logs, *seen.lines))


def test_what_is_refused_is_an_alert_and_so_is_a_certificate_that_ends_soon(tmp_path: Path) -> None:
    arguments = ("--secure", "--symbols", "BINANCE:BTCUSDT", "--alert-patience", "0.1")
    with SimulatedFinnhub(SimulatorSettings(rate=50)) as finnhub:
        variables = {
            "TAPELINE_FINNHUB_URL": finnhub.url,
            "TAPELINE_FINNHUB_TOKEN": TOKEN,
            "SPARK_SUBMIT_OPTS": QUICK_JIT,
        }
        with watched(tmp_path, *arguments, **variables) as seen:
            until(lambda: seen.health()["state"] == "ok", seen.health)
            prometheus = seen.address("Prometheus")

            def targets() -> list[dict[str, str]]:
                found = httpx.get(f"{prometheus}/api/v1/targets", timeout=20).json()["data"]["activeTargets"]
                return [
                    {**target["labels"], "health": target["health"], "url": target["scrapeUrl"]} for target in found
                ]

            until(lambda: {target["health"] for target in targets()} == {"up"}, targets)
            urls = {target["job"]: target["url"] for target in targets()}
            for job in ("producer", "aggregator"):
                assert urls[job].startswith("https://")
                assert httpx.get(urls[job], timeout=20, verify=False).status_code == 401  # noqa: S501 - it only has to refuse

            sockets = listening([seen.process.pid])
            assert {port for _, port in sockets} >= seen.stack.ports
            assert {address for address, _ in sockets if not is_loopback(address)} == set()

            assert seen.stack.secrets is not None
            secrets = [TOKEN, *passwords(seen.stack.secrets.folder)]
            assert [secret for secret in secrets if secret in shown_by(seen)] == []

            assert not SECURITY_ALERTS & {alert.partition(" ")[0] for alert in seen.firing()}
            log_in_to_kafka_with_a_wrong_password(seen.stack)
            log_in_to_cassandra_with_a_wrong_password(seen.stack)
            be_denied_by_kafka(seen.stack)
            seen.fires(
                "AuthenticationFailing kafka-1 at",
                "AuthenticationFailing cassandra-1 at",
                "AuthorizationDenied kafka-1 denied",
            )
            assert "CertificateEnding" not in " ".join(seen.firing())

            [producer] = [program for program in seen.programs() if "apps.producer" in program.command]
            authority = NewAuthority(seen.stack, seen.stack.secrets, tmp_path)
            authority.certify("kafka-1", days=10)
            # A program reads the CA file when it starts, and the certificates of its servers then and every hour.
            producer.kill()
            with producer.again(tmp_path):
                seen.fires(f"CertificateEnding The certificate of {seen.stack.bootstrap_servers} ends in 9d 23h")
