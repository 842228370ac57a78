"""Every program's container can be built: each path leads to an adapter, and nothing is connected by that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.settings import KafkaSettings
from adapters.simulator.settings import SimulatorSettings
from apps.containers import commands, long_running
from apps.containers.shared import CassandraContainer
from apps.settings.dashboard import DashboardSettings
from apps.settings.live import LiveSettings
from apps.settings.options import FinnhubOptions
from apps.settings.producer import ProducerSettings
from apps.settings.report import ReportSettings
from apps.settings.stack import StackSettings
from apps.settings.watchlist import WatchlistSettings
from ports.candle_store import CandleStore
from ports.feed import Feed

ROOT = Path(__file__).parents[3]
RECORDING = Path("frames.jsonl")
PROVIDERS = [
    (long_running.LiveContainer(settings=LiveSettings()), ("feed", "page", "pipeline", "health", "candle_store")),
    (long_running.LiveContainer(settings=LiveSettings(replay=RECORDING)), ("feed",)),
    (long_running.LiveContainer(settings=LiveSettings(finnhub=FinnhubOptions(url="ws://127.0.0.1:9"))), ("feed",)),
    (long_running.ProducerContainer(settings=ProducerSettings()), ("ingest", "health", "assignment")),
    (long_running.ProducerContainer(settings=ProducerSettings(watchlist=True)), ("assignment", "publisher")),
    (long_running.DashboardContainer(settings=DashboardSettings()), ("page",)),
    (commands.WatchlistContainer(settings=WatchlistSettings()), ("editor",)),
    (
        commands.ReportContainer(settings=ReportSettings()),
        ("service", "summaries", "revisions", "symbol_index", "dead_letters"),
    ),
    (commands.ReportContainer(settings=ReportSettings(engine="spark")), ("summaries",)),
    (long_running.SimulatorContainer(settings=SimulatorSettings()), ("server",)),
    (
        CassandraContainer(settings=CassandraSettings()),
        ("trade_store", "candle_store", "event_store", "report_store", "daily_candle_store", "probe"),
    ),
    (
        long_running.StackContainer(
            settings=StackSettings(replay=RECORDING), kafka=KafkaSettings(), cassandra=CassandraSettings()
        ),
        ("recording", "intake", "kafka_probe", "clock"),
    ),
]


@pytest.mark.parametrize(("container", "name"), [(made, name) for made, names in PROVIDERS for name in names])
def test_each_part_is_made_once_and_connects_to_nothing(container: Any, name: str) -> None:
    part = getattr(container, name)()
    assert part is getattr(container, name)()


def test_a_test_puts_another_adapter_behind_a_port() -> None:
    container = long_running.LiveContainer(settings=LiveSettings())
    other = long_running.LiveContainer(settings=LiveSettings()).candle_store()
    with container.candle_store.override(other):
        assert container.candle_store() is other
    store: CandleStore = container.candle_store()
    feed: Feed = container.feed()
    assert store is not other
    feed.close()


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("live", {"cassandra", "confluent_kafka", "pyspark", "fastapi", "starlette", "uvicorn"}),
        ("query", {"cassandra", "confluent_kafka", "pyspark", "fastapi", "websocket", "websockets", "werkzeug"}),
        ("producer", {"cassandra", "pyspark", "fastapi", "websockets"}),
        ("dashboard", {"confluent_kafka", "pyspark", "fastapi", "websocket", "websockets"}),
        ("watchlist", {"cassandra", "pyspark", "fastapi"}),
    ],
)
def test_a_program_starts_without_the_drivers_that_it_does_not_use(program: str, absent: set[str]) -> None:
    code = f"import sys, apps.{program}; print(*(set({sorted(absent)!r}) & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
