"""`make stack` with everything that watches it: what is away is a red stage on the page, reported by the right alert through Prometheus, Alertmanager
and a webhook, with a runbook that can be read, and is resolved when it is repaired. The servers and programs of the pipeline follow in
`tests/fault/test_watched_stack.py`.
"""

from pathlib import Path

import pytest

from tests.support.needs import MONITORING
from tests.support.watched_stacks import simulator, until, watched_on

pytestmark = [pytest.mark.servers, pytest.mark.needs(*MONITORING), pytest.mark.timeout(600)]


def test_a_feed_and_watchers_that_are_away_are_red_on_the_page_and_reported(tmp_path: Path) -> None:
    finnhub = simulator()
    finnhub.start()
    port = int(finnhub.url.rpartition(":")[2])
    try:
        with watched_on(tmp_path, finnhub) as seen:
            # The feed goes away, and the node exporter is killed.
            mark = len(seen.delivered("firing"))
            finnhub.close()
            seen.watcher("node-exporter").kill()
            seen.are("down", "Feed", "Node exporter")
            seen.fires("FeedDisconnected", "InstanceDown node at")
            seen.silenced("ProgramNotReady", since=mark)
            seen.runbooks_can_be_read()
            finnhub = simulator(port)
            finnhub.start()
            seen.over("FeedDisconnected")
            seen.are("ok", "Feed", "Producer", "Kafka", "Cassandra")
            assert "FeedDisconnected" in seen.delivered("resolved")

            # Then Prometheus is killed and Alertmanager frozen. The stack itself reports them, on the page and on the terminal.
            seen.watcher("prometheus").kill()
            seen.watcher("alertmanager").pause()
            seen.are("down", "Prometheus", "Alertmanager")
            seen.fires("InstanceDown Prometheus", "InstanceDown Alertmanager")
            seen.runbooks_can_be_read()
            until(
                lambda: any("InstanceDown: Prometheus does not answer" in line for line in seen.lines),
                lambda: seen.lines[-5:],
            )
            assert seen.process.poll() is None
    finally:
        finnhub.close()
