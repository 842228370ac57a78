import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FOLDS_TRADES = """
from decimal import Decimal
from domain.candle import fold
from domain.feed import Frame, RawTrade
from domain.intake import Intake
import adapters.memory.stores, ports.feed
raws = [RawTrade(symbol="AAPL", price=Decimal(p), volume=1, timestamp_ms=0) for p in "213"]
(candle,) = fold(Intake(source="x").accept(Frame(payload=b"", received_ms=0, trades=raws)).trades, 60_000).values()
print(candle.open, candle.high, candle.low, candle.close, candle.volume, candle.vwap)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_in_a_clean_environment_folds_trades_with_attrs_alone(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = str(tmp_path / "env" / "bin" / "python")
    uv = [sys.executable, "-m", "uv", "pip"]
    subprocess.run([*uv, "install", "--quiet", "--python", python, str(wheel)], check=True)
    listed = subprocess.run([*uv, "freeze", "--python", python], check=True, capture_output=True, text=True).stdout
    assert sorted(line.split("==")[0].split(" ")[0] for line in listed.splitlines()) == ["attrs", "tapeline"]
    done = subprocess.run([python, "-c", FOLDS_TRADES], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "2 3 1 3 3 2.00000000\n"


def test_a_wheel_has_all_that_is_no_python_and_none_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert sum(name.endswith(".cql") for name in names) == len(list((ROOT / "adapters").rglob("*.cql"))) > 0
    assert "devstack/jars.lock.json" in names
    assert "domain/py.typed" in names
    assert [name for name in names if name.startswith("tests")] == []
