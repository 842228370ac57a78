"""The checkpoint is damaged or deleted: a clear failure or none at all, never wrong rows; and a rebuild gives identical tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from adapters.cassandra.session import CassandraSession
from adapters.spark.failure import explain
from adapters.spark.layout import VERSION
from devstack.stack import Stack
from ports.errors import PortError
from tests.support.aggregators import Program, Site
from tests.support.in_process_queries import Carrier

from .fault_report import Tell
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(420)]


def newest(folder: Path) -> Path:
    return max(folder.glob("[0-9]*"), key=lambda file: int(file.name.partition(".")[0]))


def garble(*files: Path) -> None:
    """Overwrite files and remove their checksums, as another program would."""
    for file in files:
        file.write_bytes(b"\x00 garbage")
        forget(file.with_name(f".{file.name}.crc"))


def cut(*files: Path, to: int) -> None:
    """Truncate files, as a full disk does."""
    for file in files:
        file.write_bytes(file.read_bytes()[:to])
        forget(file.with_name(f".{file.name}.crc"))


def forget(*places: Path) -> None:
    for place in places:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def states(query: Path) -> list[Path]:
    return [newest(part) for part in (query / "state" / "0").glob("[0-9]*")]


Damage = Callable[[Path], None]
# Each by what is left of `v1`; state is the candles' alone.
REFUSED: dict[str, Damage] = {
    "the state is gone": lambda v1: forget(v1 / "candles" / "state"),
    "the newest state is garbage": lambda v1: garble(*states(v1 / "candles")),
    "the newest state is cut off": lambda v1: cut(*states(v1 / "candles"), to=20),
    "the newest offsets are garbage": lambda v1: garble(newest(v1 / "trades" / "offsets")),
    "the newest offsets are empty": lambda v1: cut(newest(v1 / "candles" / "offsets"), to=0),
    "the offsets are gone": lambda v1: forget(v1 / "candles" / "offsets"),
    "the newest commit is empty": lambda v1: cut(newest(v1 / "candles" / "commits"), to=0),
    "the query's name is garbage": lambda v1: garble(v1 / "candles" / "metadata"),
    "the settings are garbage": lambda v1: garble(v1 / "settings.json"),
    "the settings are gone": lambda v1: forget(v1 / "settings.json"),
}
MENDED: dict[str, Damage] = {
    "the commits are gone": lambda v1: forget(v1 / "candles" / "commits"),
    "the candles' checkpoint is gone": lambda v1: forget(v1 / "candles"),
    "the trades' checkpoint is gone": lambda v1: forget(v1 / "trades"),
    "all of it is gone": forget,
}
QUICK = ("the newest state is cut off", "the settings are gone", "all of it is gone")


@attrs.frozen
class Used:
    """A site whose checkpoint was used and kept aside; more trades wait on the topic, of the windows that its state holds."""

    carrier: Carrier
    kept: Path
    genuine: int

    def restored(self) -> Path:
        """Put the checkpoint back as it was."""
        forget(self.carrier.site.checkpoint)
        shutil.copytree(self.kept, self.carrier.site.checkpoint)
        return self.carrier.site.checkpoint / VERSION


@pytest.fixture(scope="module")
def used(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Used:
    folder = tmp_path_factory.mktemp("checkpoints")
    carrier = Carrier(spark, Site.make("checkpoints", folder, kafka_stack, cassandra_stack))
    tape = Tape(seed=9)
    first, more = tape.trades(600), tape.trades(100)
    put(carrier.site, first)
    carrier.once(max_offsets_per_trigger=300)
    shutil.copytree(carrier.site.checkpoint, folder / "kept")
    put(carrier.site, more)
    return Used(carrier, folder / "kept", len(first + more))


def failure(used: Used) -> str:
    """Return the message in the last line of the program."""
    try:
        used.carrier.once()
    except PortError as error:
        return str(error)
    except StreamingQueryException as error:
        return explain(str(error), str(used.carrier.site.checkpoint))
    return ""


def some(kinds: dict[str, Damage]) -> list[object]:
    return [
        pytest.param(damage, id=kind.replace(" ", "-"), marks=[] if kind in QUICK else [pytest.mark.faults])
        for kind, damage in kinds.items()
    ]


@pytest.mark.parametrize("damage", some(REFUSED))
def test_damage_is_refused_in_words(used: Used, damage: Damage, request: pytest.FixtureRequest, tell: Tell) -> None:
    damage(used.restored())
    words = failure(used)
    assert str(used.carrier.site.checkpoint) in words
    assert "another checkpoint folder" in words
    kind = request.node.callspec.id.replace("-", " ")
    tell(
        f"checkpoint: {kind}",
        "refused, and it says what to do",
        words.partition(" - ")[0].replace(str(used.carrier.site.checkpoint), "")[:110],
    )


@pytest.mark.parametrize("damage", some(MENDED))
def test_what_can_be_made_again_is(used: Used, damage: Damage, request: pytest.FixtureRequest, tell: Tell) -> None:
    damage(used.restored())
    used.carrier.once()
    ledger = check_ledger(used.carrier.site, genuine=used.genuine)
    kind = request.node.callspec.id.replace("-", " ")
    tell(f"checkpoint: {kind}", "written again: the same rows", str(ledger))


@pytest.mark.faults
def test_a_rebuild_from_a_new_checkpoint_gives_identical_tables(used: Used, tell: Tell) -> None:
    site = used.carrier.site
    forget(site.checkpoint)
    used.carrier.once()
    before = site.stored_trades(), site.stored_candles()
    damaged = used.restored()
    forget(damaged / "candles" / "state")
    refused = Program.start(site, "--once", "--shuffle-partitions", "2")
    assert refused.ended() == 1
    last = refused.text().strip().splitlines()[-1]
    assert last.startswith("tapeline aggregator: the query 'candles' failed: ")
    assert "use another checkpoint folder" in last
    anew = attrs.evolve(site, folder=site.folder / "anew")
    anew.folder.mkdir()
    # Over the rows that are there, in other micro-batches, then into empty tables.
    over = Program.start(anew, "--once", "--max-offsets-per-trigger", "150")
    assert over.ended() == 0, over.text()[-3000:]
    assert (site.stored_trades(), site.stored_candles()) == before
    with CassandraSession(site.cassandra) as session:
        for table in ("trades_v2", "trade_aggregates"):
            session.driver.execute(f"TRUNCATE {site.cassandra.keyspace}.{table}", timeout=60)
    assert site.stored_candles() == []
    forget(site.checkpoint)
    used.carrier.once()
    assert (site.stored_trades(), site.stored_candles()) == before
    ledger = check_ledger(site, genuine=used.genuine)
    tell(
        "checkpoint damaged, then the documented rebuild",
        "a clear failure; the rebuilt tables are identical",
        f"{ledger}; over the old rows and into empty tables",
    )
