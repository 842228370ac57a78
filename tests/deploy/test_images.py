"""Both images, built and run: `make test-images`. It takes minutes, a network, and buildah."""

import csv
import os
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.needs import path_of
from tests.support.recordings import write_made_up_day

from .overlays import ROOT

pytestmark = [pytest.mark.images, pytest.mark.needs("buildah"), pytest.mark.timeout(1800)]

NAME, TAG = "localhost/tapeline", "test"
LOCAL = "SPARK_LOCAL_IP=127.0.0.1"
"""For a container without an entry for its own host name, as buildah makes it."""
ENVIRONMENT = {"IMAGE_ENGINE": "buildah", "BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs", **os.environ}


def buildah(*arguments: str) -> str:
    done = subprocess.run(
        [path_of("buildah"), *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    done = subprocess.run(
        [str(ROOT / "deploy" / "images" / "build"), NAME, TAG],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=1700, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["", "-spark"])
def container(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a container of either image."""
    yield from _container(f"{NAME}{request.param}:{TAG}")


@pytest.fixture(scope="module")
def programs() -> Iterator[str]:
    yield from _container(f"{NAME}:{TAG}")


@pytest.fixture(scope="module")
def spark() -> Iterator[str]:
    yield from _container(f"{NAME}-spark:{TAG}")


def _container(image: str) -> Iterator[str]:
    name = buildah("from", "--pull-never", image)
    yield name
    buildah("rm", name)


def run(container: str, *command: str, volume: Path | None = None) -> str:
    options = [] if volume is None else ["--volume", f"{volume}:/data"]
    return buildah("run", *options, container, "--", *command)


def test_tapeline_reports_its_version(container: str) -> None:
    assert run(container, "tapeline", "--version") == f"tapeline, version {version('tapeline')}"


def test_a_container_runs_as_a_user_without_rights(container: str) -> None:
    assert run(container, "id", "-u") == "10001"


def test_an_image_has_neither_a_compiler_nor_a_package_cache(container: str) -> None:
    found = run(
        container, "sh", "-c", "command -v gcc cc uv || true; ls -A /var/lib/apt/lists /root/.cache 2>/dev/null || true"
    )
    assert [line for line in found.splitlines() if line and not line.endswith(":")] == []


def test_a_replay_of_a_recording_gives_candles(programs: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    write_made_up_day(tmp_path / "frames.jsonl", frames=50)
    run(
        programs, "tapeline", "live", "--replay", "/data/frames.jsonl", "--speed", "max", "--no-page",
        "--candles-out", "/data/candles.csv", volume=tmp_path,
    )  # fmt: skip
    with (tmp_path / "candles.csv").open() as file:
        assert {row["symbol"] for row in csv.DictReader(file)} == {"AAPL", "BINANCE:BTCUSDT"}


def test_the_health_check_fails_without_a_program(programs: str) -> None:
    assert run(programs, "sh", "-c", "python3 /opt/tapeline/health.py || echo $?") == "1"


def test_spark_runs_on_java_17_with_both_connectors(spark: str) -> None:
    assert '"17.' in run(spark, "sh", "-c", "/opt/java/bin/java -version 2>&1")
    code = (
        "from pyspark.sql import SparkSession; from tapeline.adapters.spark.jars import has_connectors;"
        "session = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false').getOrCreate();"
        "print(session.range(3).count(), has_connectors()); session.stop()"
    )
    assert run(spark, "env", LOCAL, "/opt/tapeline/bin/python3", "-c", code).endswith("3 True")


def test_the_entrypoint_starts_a_driver_as_the_scheduler_asks(spark: str) -> None:
    # `--help` is the program's own: the driver's arguments reach it through spark-submit.
    out = run(
        spark, "env", LOCAL, "SPARK_DRIVER_BIND_ADDRESS=127.0.0.1", "sh", "/opt/tapeline/entrypoint.sh",
        "driver", "--master", "local[1]", "/opt/tapeline/apps/aggregator.py", "--help",
    )  # fmt: skip
    assert "--checkpoint" in out
