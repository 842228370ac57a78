"""The embedded pipeline folds all that a frame brings, however large the frame is and in whatever order its trades come."""

import json

from dependency_injector import providers

from adapters.finnhub.protocol import parse_message
from adapters.memory.feed import MemoryFeed
from apps.containers.long_running import LiveContainer
from apps.services.embedded_pipeline import EmbeddedPipeline
from apps.settings.live import LiveSettings
from domain.candle import Candle
from domain.feed import FeedMessage
from domain.window import MINUTE_MS

T0_MS = 1_699_999_980_000


def frame(*trades: tuple[str, int]) -> FeedMessage:
    """A frame of trades of these symbols, at these times after `T0_MS`."""
    data = [{"c": ["1"], "p": 100.5, "s": symbol, "t": T0_MS + after_ms, "v": 1} for symbol, after_ms in trades]
    received_ms = T0_MS + max(after_ms for _, after_ms in trades)
    return parse_message(json.dumps({"data": data, "type": "trade"}).encode(), received_ms)


def folded(*frames: FeedMessage, batch_records: int | None = None) -> tuple[EmbeddedPipeline, list[Candle]]:
    """Run the pipeline of `tapeline live` over these frames, and return it with its candles."""
    container = LiveContainer(settings=LiveSettings())
    feed = MemoryFeed(frames)
    container.unmeasured_feed.override(providers.Object(feed))
    if batch_records is not None:
        container.aggregator.add_kwargs(batch_records=batch_records)
    for part in (container.publisher(), container.subscriber(), container.feed()):
        part.start()
    pipeline = container.pipeline()
    candles = [candle for _ in frames for candle in pipeline.step(0)]
    return pipeline, [*candles, *pipeline.finish()]


def counts_by_symbol(candles: list[Candle]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for candle in candles:
        counts[candle.symbol] = counts.get(candle.symbol, 0) + candle.trade_count
    return counts


def test_no_symbol_of_a_large_frame_is_late_because_another_one_was_read_first() -> None:
    # Symbols of different partitions: more trades of the first one than the broker's usual batch, over ten minutes.
    many = [("CAT", number * 60) for number in range(10_001)]
    pipeline, candles = folded(frame(*many, ("IBM", 0), ("AAPL", 0), ("MSFT", 0)))
    assert pipeline.aggregator.late_trades == 0
    assert counts_by_symbol(candles) == {"CAT": 10_001, "IBM": 1, "AAPL": 1, "MSFT": 1}


def test_a_batch_of_late_trades_alone_does_not_end_the_last_fold() -> None:
    late, on_time = ("CAT", 0), ("CAT", 10 * MINUTE_MS)
    pipeline, candles = folded(frame(on_time, late, late, on_time, on_time), batch_records=1)
    assert pipeline.aggregator.late_trades == 2
    assert counts_by_symbol(candles) == {"CAT": 3}
