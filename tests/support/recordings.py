"""Recordings of the feed for tests: a made-up day, and the real ones of the folder that TAPELINE_RECORDINGS names, where it is set."""

import gzip
import json
import os
import random
from pathlib import Path


def real_recordings(pattern: str = "*.jsonl*") -> list[Path]:
    """Return the recordings of real trades on this machine whose names match; the project has none, so no test may depend on one."""
    folder = os.environ.get("TAPELINE_RECORDINGS")
    return sorted(Path(folder).glob(pattern)) if folder else []


def read_trades(path: Path) -> list[list[dict[str, object]]]:
    """Return the trades of each message of a recording, in order."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [json.loads(line)["data"] for line in file]


def write_made_up_day(path: Path, *, frames: int = 300, seed: int = 5) -> list[dict[str, object]]:
    """Write a recording of two symbols and return its trades: some share a millisecond, some are equal, some are older than the one before."""
    rng = random.Random(seed)
    now_ms, written = 1_700_000_000_000, []
    with path.open("w", encoding="utf-8") as file:
        for _ in range(frames):
            now_ms += rng.randrange(0, 4_000)
            trades: list[dict[str, object]] = [
                {
                    "c": rng.choice([None, ["1", "12"], [], ["1", "24"], ["1", "16"]]),
                    "p": rng.randrange(1, 10**7) / 100,
                    "s": rng.choice(["AAPL", "BINANCE:BTCUSDT"]),
                    "t": now_ms - rng.choice([0, 0, 0, 3, 900]),
                    "v": rng.choice([0, 1, 5, 0.25]),
                }
                for _ in range(rng.randrange(1, 5))
            ]
            if rng.random() < 0.1:  # Finnhub sends such trades, and both are genuine
                trades.append(trades[-1])
            file.write(json.dumps({"data": trades, "type": "trade"}, separators=(",", ":")) + "\n")
            written += trades
    return written
