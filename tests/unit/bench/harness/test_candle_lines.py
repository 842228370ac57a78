from pathlib import Path

import pytest

from bench.harness import candle_lines


def test_candles_that_differ_in_a_digit_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "candles"
    candle_lines.write(file, ["A\t1.5", "B\t2"])
    candle_lines.check(file, ["B\t2", "A\t1.5"])
    with pytest.raises(AssertionError, match="differ"):
        candle_lines.check(file, ["B\t2", "A\t1.50000001"])
    with pytest.raises(AssertionError, match="differ"):
        candle_lines.check(file, ["B\t2"])
