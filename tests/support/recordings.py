"""Recorded frames for tests: a folder of real ones where there is one, and a small made-up day that is always there."""

import json
import os
import random
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("TAPELINE_RECORDINGS", Path(__file__).parents[3] / "shared" / "data"))


def real_recording(name: str) -> Path:
    """Give a real recording, or skip the test where the folder with it is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"needs the recording {name}; name its folder in TAPELINE_RECORDINGS")
    return path


def write_made_up_day(path: Path, *, frames: int = 300, seed: int = 5) -> list[dict[str, object]]:
    """Write a recording of two symbols, with trades that share a millisecond and times that run backwards; gives its trades."""
    rng = random.Random(seed)
    now_ms, written = 1_700_000_000_000, []
    with path.open("w", encoding="utf-8") as file:
        for _ in range(frames):
            now_ms += rng.randrange(0, 4_000)
            trades: list[dict[str, object]] = [
                {
                    "c": rng.choice([None, ["1", "12"], []]),
                    "p": rng.randrange(1, 10**7) / 100,
                    "s": rng.choice(["AAPL", "BINANCE:BTCUSDT"]),
                    "t": now_ms - rng.choice([0, 0, 0, 3, 900]),
                    "v": rng.choice([0, 1, 5, 0.25]),
                }
                for _ in range(rng.randrange(1, 5))
            ]
            file.write(json.dumps({"data": trades, "type": "trade"}, separators=(",", ":")) + "\n")
            written += trades
    return written
