"""The schema on a real Cassandra: made once, the same after a second time, and as it was designed."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.migrations import Migration, shipped
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import Outcome, apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.admin import parse_data_centers, schema
from domain.candle import fold
from domain.eligible_view import EligibleView
from domain.window import MINUTE_MS
from ports.errors import SchemaMissingError, StoreError
from tests.contract.stores import NOON_MS, make_trade
from tests.support.keyspaces import fresh_settings

pytestmark = pytest.mark.servers

NAMES = [file.name for file in shipped()]
DAY_S = 86_400


@pytest.fixture
def settings(cassandra_contact: tuple[list[str], int]) -> CassandraSettings:
    return fresh_settings(cassandra_contact)


@pytest.fixture
def driver(settings: CassandraSettings) -> Iterator[Any]:
    with CassandraSession(settings) as session:
        yield session.driver


def table(driver: Any, settings: CassandraSettings, name: str) -> dict[str, Any]:
    columns = ("default_time_to_live", "compaction", "gc_grace_seconds", "comment")
    query = f"SELECT {', '.join(columns)} FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s"  # noqa: S608
    return dict(zip(columns, driver.execute(query, (settings.keyspace, name)).one(), strict=True))


def key_columns(driver: Any, settings: CassandraSettings, name: str) -> list[tuple[str, str, str]]:
    """Name, kind and order of the key's columns, in the key's order."""
    query = (
        "SELECT column_name, kind, clustering_order, position FROM system_schema.columns"
        " WHERE keyspace_name = %s AND table_name = %s"
    )
    rows = [row for row in driver.execute(query, (settings.keyspace, name)) if row[1] != "regular"]
    return [row[:3] for row in sorted(rows, key=lambda row: (row[1] == "clustering", row[3]))]


def partition_by_day() -> list[tuple[str, str, str]]:
    return [(name, "partition_key", "none") for name in ("symbol", "trade_year", "trade_month", "trade_day")]


def test_it_is_applied_once_and_then_already_there(settings: CassandraSettings) -> None:
    first, second = (apply_schema(settings, Replication.dev()) for _ in range(2))
    assert [(file.name, file.outcome) for file in first] == [(name, Outcome.APPLIED) for name in NAMES]
    assert [(file.name, file.outcome) for file in second] == [(name, Outcome.ALREADY) for name in NAMES]


def test_trades_are_kept_by_symbol_and_day_for_30_days_in_windows_of_one(
    settings: CassandraSettings, driver: Any
) -> None:
    apply_schema(settings, Replication.dev())
    options = table(driver, settings, "trades_v2")
    assert options["default_time_to_live"] == 30 * DAY_S
    assert options["compaction"]["class"].endswith("TimeWindowCompactionStrategy")
    assert options["compaction"]["compaction_window_unit"] == "DAYS"
    assert options["compaction"]["compaction_window_size"] == "1"
    clustering = [("timestamp", "clustering", "desc"), ("trade_id", "clustering", "desc")]
    assert key_columns(driver, settings, "trades_v2") == [*partition_by_day(), *clustering]


def test_candles_are_kept_by_symbol_and_day_for_90_days_in_windows_of_three(
    settings: CassandraSettings, driver: Any
) -> None:
    apply_schema(settings, Replication.dev())
    options = table(driver, settings, "trade_aggregates")
    assert options["default_time_to_live"] == 90 * DAY_S
    assert options["compaction"]["class"].endswith("TimeWindowCompactionStrategy")
    assert options["compaction"]["compaction_window_unit"] == "DAYS"
    assert options["compaction"]["compaction_window_size"] == "3"
    clustering = [("window_ms", "clustering", "asc"), ("window_start", "clustering", "desc")]
    assert key_columns(driver, settings, "trade_aggregates") == [*partition_by_day(), *clustering]


def test_dev_keeps_one_copy_and_production_the_copies_of_each_data_centre(
    cassandra_contact: tuple[list[str], int], driver: Any
) -> None:
    found = []
    for profile, centres in (("dev", {}), ("production", {"dc1": 1})):
        settings = fresh_settings(cassandra_contact)
        schema(settings, profile, centres)
        query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
        found.append(dict(driver.execute(query, (settings.keyspace,)).one()[0]))
    package = "org.apache.cassandra.locator."
    assert found == [
        {"class": f"{package}SimpleStrategy", "replication_factor": "1"},
        {"class": f"{package}NetworkTopologyStrategy", "dc1": "1"},
    ]


def test_a_data_centre_that_does_not_exist_is_refused(settings: CassandraSettings) -> None:
    with pytest.raises(StoreError, match="mars"):
        schema(settings, "production", {"mars": 3})


def test_a_keyspace_with_another_replication_is_left_alone(settings: CassandraSettings) -> None:
    apply_schema(settings, Replication.dev())
    with pytest.raises(StoreError, match="exists with replication"):
        apply_schema(settings, Replication.production({"dc1": 1}))


def test_a_file_that_changed_after_it_was_applied_is_an_error(settings: CassandraSettings) -> None:
    apply_schema(settings, Replication.dev())
    files = shipped()
    changed = Migration.parse(files[0].name, "CREATE TABLE IF NOT EXISTS trades_v2 (a int PRIMARY KEY);")
    with pytest.raises(StoreError, match=rf"{re.escape(files[0].name)} was applied .* and has changed since"):
        apply_schema(settings, Replication.dev(), [changed, *files[1:]])


def test_a_new_file_is_applied_on_top(settings: CassandraSettings) -> None:
    apply_schema(settings, Replication.dev())
    added = Migration.parse(f"{len(NAMES) + 1:04d}_more.cql", "CREATE TABLE IF NOT EXISTS more (a int PRIMARY KEY);")
    outcomes = apply_schema(settings, Replication.dev(), [*shipped(), added])
    assert [file.outcome for file in outcomes] == [*(Outcome.ALREADY for _ in NAMES), Outcome.APPLIED]


def test_a_run_that_ended_half_way_is_finished_by_the_next(settings: CassandraSettings) -> None:
    name = f"{len(shipped()) + 1:04d}_next.cql"
    broken = Migration.parse(name, "CREATE TABLE IF NOT EXISTS more (a int PRIMARY KEY); \nCREATE NONSENSE;")
    with pytest.raises(StoreError, match="NONSENSE"):
        apply_schema(settings, Replication.dev(), [*shipped(), broken])
    mended = Migration.parse(name, "CREATE TABLE IF NOT EXISTS more (a int PRIMARY KEY);")
    outcomes = apply_schema(settings, Replication.dev(), [*shipped(), mended])
    assert [file.outcome for file in outcomes] == [*(Outcome.ALREADY for _ in shipped()), Outcome.APPLIED]


def test_several_runs_at_once_do_no_harm(settings: CassandraSettings) -> None:
    outcomes: list[list[Outcome]] = []
    errors: list[BaseException] = []
    together = threading.Barrier(4)

    def run() -> None:
        try:
            together.wait()
            outcomes.append([file.outcome for file in apply_schema(settings, Replication.dev())])
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for of_file in zip(*outcomes, strict=True):
        assert sorted(of_file) == [Outcome.ALREADY] * 3 + [Outcome.APPLIED]
    with CassandraTradeStore(settings) as store:
        assert list(store.read("A", 0, 1)) == []


def test_a_store_without_its_tables_says_what_to_run(settings: CassandraSettings) -> None:
    with pytest.raises(SchemaMissingError, match="apply the schema first"):
        CassandraTradeStore(settings).start()


def test_a_wrong_data_centre_is_said_with_those_that_exist(cassandra_contact: tuple[list[str], int]) -> None:
    with pytest.raises(StoreError, match="no data centre 'mars', but dc1"):
        CassandraTradeStore(fresh_settings(cassandra_contact, local_dc="mars")).start()


def test_a_candle_from_before_the_eligible_view_reads_as_one_without_eligible_trades(
    settings: CassandraSettings, driver: Any
) -> None:
    before = [file for file in shipped() if file.number < 4]
    apply_schema(settings, Replication.dev(), before)
    [candle] = fold([make_trade("A")], MINUTE_MS).values()
    columns = "symbol, trade_year, trade_month, trade_day, window_ms, window_start, open, high, low, close, volume, trade_count, update_count, notional"
    keys = "open_timestamp, open_trade_id, close_timestamp, close_trade_id"
    driver.execute(
        f"INSERT INTO {settings.keyspace}.trade_aggregates ({columns}, {keys}) VALUES ({', '.join(['%s'] * 18)})",  # noqa: S608
        (
            "A", 2019, 10, 11, MINUTE_MS, NOON_MS, candle.open, candle.high, candle.low, candle.close, candle.volume, 1, 0, candle.notional,
            NOON_MS, candle.open_key.trade_id, NOON_MS, candle.close_key.trade_id,
        ),
    )  # fmt: skip
    outcomes = apply_schema(settings, Replication.dev())
    assert [file.outcome for file in outcomes[:4]] == [Outcome.ALREADY] * 3 + [Outcome.APPLIED]
    with CassandraCandleStore(settings) as store:
        assert list(store.read("A", NOON_MS, NOON_MS + 1, MINUTE_MS)) == [attrs.evolve(candle, eligible=EligibleView())]
        store.write([candle])
        assert list(store.read("A", NOON_MS, NOON_MS + 1, MINUTE_MS)) == [candle]


def test_data_centres_are_read_from_a_flag() -> None:
    assert parse_data_centers("dc1:3, dc2:2") == {"dc1": 3, "dc2": 2}
    assert parse_data_centers("") == {}
    for wrong in ("dc1", "dc1:", "dc1:x", "dc1:-1", "dc1:3,dc1:2"):
        with pytest.raises(ValueError, match="data centres"):
            parse_data_centers(wrong)


@pytest.mark.parametrize(("profile", "centres"), [("production", {}), ("dev", {"dc1": 3}), ("staging", {})])
def test_a_profile_that_cannot_be_is_refused_before_anything_is_done(profile: str, centres: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"data centres|profile"):
        schema(CassandraSettings(hosts=("no-such-host.invalid",)), profile, centres)


@pytest.mark.parametrize("replication", [Replication.dev(), Replication.production({"dc1": 1})])
def test_a_session_that_demands_more_copies_is_not_started(
    settings: CassandraSettings, replication: Replication
) -> None:
    strict = attrs.evolve(settings, min_copies=3)
    session = CassandraSession(strict)
    session.start()  # there is no keyspace yet, which others report
    session.close()
    apply_schema(settings, replication)
    with pytest.raises(StoreError, match=r"keeps 1 copies .* in dc1, fewer than 3"):
        CassandraSession(strict).start()
