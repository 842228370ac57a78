"""Times as people write them: `2019-10-11`, `2019-10-11T09:30:00+02:00`, `now`, or a length of time ago: `90s`, `30m`, `1h`, `7d`."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar

import click

from domain.rollup import Period
from domain.window import partition_day, to_datetime, to_ms
from ports.clock import Clock

Value = TypeVar("Value")
OptionCallback = Callable[[click.Context, click.Parameter, str | None], Value | None]

_UNITS_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LENGTH: Final = re.compile(r"([1-9][0-9]{0,11})(ms|s|m|h|d)", re.ASCII)


def parse_length_ms(text: str) -> int:
    """Return a length such as 1m in milliseconds. Raise ValueError on any other text."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no length of time such as 30s, 1m, 1h or 1d")
    return int(match.group(1)) * _UNITS_MS[match.group(2)]


def parse_window(text: str) -> int | Period:
    """Read the length of a candle: milliseconds, or a period that a calendar makes. Raise ValueError on anything else."""
    periods = {str(period): period for period in Period}
    return periods.get(text.strip()) or parse_length_ms(text)


def parse_moment_ms(text: str, *, now_ms: int) -> int:
    """Return a moment in milliseconds since the epoch; UTC if it names no zone. Raise ValueError on any other text, OverflowError outside the calendar."""
    text = text.strip()
    if text == "now":
        return now_ms
    if _LENGTH.fullmatch(text):
        moment_ms = now_ms - parse_length_ms(text)
        to_datetime(moment_ms)  # raises OverflowError before the year 1
        return moment_ms
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no moment such as 2019-10-11, 2019-10-11T09:30, now, or 1h for an hour ago"
        ) from None
    return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def window_callback(_ctx: click.Context, _option: click.Parameter, text: str) -> int | Period:
    """Read an option that is the length of a candle; for click."""
    try:
        return parse_window(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def moment_callback(now_ms: Clock) -> OptionCallback[int]:
    """Return what reads an option that is a moment, None when it is not given; for click."""
    return _callback(lambda text: parse_moment_ms(text, now_ms=now_ms()))


def day_callback(now_ms: Clock) -> OptionCallback[date]:
    """Return what reads an option that is a moment as its UTC day, None when it is not given; for click."""
    return _callback(lambda text: partition_day(parse_moment_ms(text, now_ms=now_ms())))


def _callback(parse: Callable[[str], Value]) -> OptionCallback[Value]:
    def read(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Value | None:
        try:
            return None if text is None else parse(text)
        except (ValueError, OverflowError) as error:
            raise click.BadParameter(str(error)) from error

    return read
