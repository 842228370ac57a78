"""The sources of trades for a client: a made-up market at a rate, or a recording at a speed."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from adapters.system_clock import system_clock

from .frames import FrameMaker, Outgoing
from .recording import mentions, read_recording, shift
from .session import Session
from .settings import SimulatorSettings

_TICK_S: Final = 0.005
_LONGEST_WAIT_S: Final = 0.2
_BATCH_TRADES: Final = 2_000
"""How many trades are made at a time at most, so that the event loop stays responsive."""


async def make_up(session: Session, settings: SimulatorSettings, maker: FrameMaker) -> None:
    """Send made-up trades of the session's symbols at the rate, without an end."""
    clock = asyncio.get_running_loop().time
    per_frame = settings.trades_per_frame
    most_frames = max(1, _BATCH_TRADES // per_frame)
    last, last_ms, due = clock(), float(system_clock()), 0.0
    while True:
        symbols = list(session.symbols)
        if not symbols or session.silent_s:
            await asyncio.sleep(_TICK_S)
            last, last_ms = clock(), float(system_clock())
            continue
        now, clock_ms = clock(), float(system_clock())
        rate = _rate(settings, now)
        # A slow client is sent at most one second of trades that it has missed.
        due = min(due + (now - last) * rate, max(rate, per_frame)) if rate else _BATCH_TRADES
        last = now
        frames = min(int(due / per_frame), most_frames) if rate else most_frames
        if frames:
            due -= frames * per_frame
            step_ms = max(clock_ms - last_ms, 0.0) / frames
            starts = (last_ms + step_ms * i for i in range(frames))
            batch = [each for at_ms in starts for each in maker.make(symbols, per_frame, at_ms, at_ms + step_ms)]
            last_ms = clock_ms
            await session.send_and_drain(batch)
        wait_s = max((per_frame - due) / rate, _TICK_S) if rate and due < per_frame else 0.0
        await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))


def _rate(settings: SimulatorSettings, now: float) -> float:
    bursts = settings.burst_every_s > 0 and now % settings.burst_every_s < settings.burst_s
    return settings.rate * (settings.burst_factor if bursts else 1.0)


async def replay(session: Session, settings: SimulatorSettings, recording: Path) -> None:
    """Send the recording from its beginning, `speed` times as fast as recorded, once the session has subscribed."""
    clock = asyncio.get_running_loop().time
    await session.subscribed.wait()
    with contextlib.suppress(TimeoutError):
        while True:
            session.subscribed.clear()
            await asyncio.wait_for(session.subscribed.wait(), settings.settle_s)
    begun, begun_ms = clock(), system_clock()
    first_ms = 0
    for clock_ms, payload in read_recording(recording):
        # A frame before the first timestamp has no time of its own.
        first_ms = first_ms or clock_ms
        if settings.speed is not None:
            await asyncio.sleep(max(begun + (clock_ms - first_ms) / 1000 / settings.speed - clock(), 0))
        if session.silent_s:
            await asyncio.sleep(session.silent_s)
        if mentions(payload, set(session.symbols)):
            moved = shift(payload, begun_ms - first_ms) if settings.retime else payload
            await session.send_and_drain([Outgoing(moved, "trade")])
