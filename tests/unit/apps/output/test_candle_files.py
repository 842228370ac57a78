from pathlib import Path

import pytest

from apps.output.candle_files import CandleFile
from domain.errors import TapelineError
from tests.contract.stores import make_candle
from tests.support.full_disk import FULL_DISK, needs_full_disk


@needs_full_disk
@pytest.mark.parametrize("name", ["candles.csv", "candles.jsonl"])
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.symlink_to(FULL_DISK)
    with pytest.raises(TapelineError, match=f"{name}: cannot be written: No space left"), CandleFile(path) as file:
        file.write([make_candle("AAPL")])


@needs_full_disk
def test_a_full_disk_is_an_error_even_without_candles(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.symlink_to(FULL_DISK)
    with pytest.raises(TapelineError, match="No space left"), CandleFile(path):
        pass


def test_a_file_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TapelineError, match=r"\.csv or \.jsonl"):
        CandleFile(Path("candles.txt"))
