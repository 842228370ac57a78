"""Moments and lengths as people write them."""

from datetime import date

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.output.time_args import day_callback, parse_length_ms, parse_moment_ms

NOW_MS = 1_570_795_200_123
MIDNIGHT_MS = 1_570_752_000_000


@pytest.mark.parametrize(
    ("text", "moment_ms"),
    [
        ("now", NOW_MS),
        ("1h", NOW_MS - 3_600_000),
        ("30m", NOW_MS - 1_800_000),
        ("90s", NOW_MS - 90_000),
        ("7d", NOW_MS - 7 * 86_400_000),
        ("2019-10-11", MIDNIGHT_MS),
        ("2019-10-11T00:00", MIDNIGHT_MS),
        (" 2019-10-11 00:00:11.620 ", MIDNIGHT_MS + 11_620),
        ("2019-10-11T02:00:00+02:00", MIDNIGHT_MS),
        ("2019-10-11T00:00:00Z", MIDNIGHT_MS),
    ],
)
def test_a_moment_is_a_date_a_time_or_so_long_ago(text: str, moment_ms: int) -> None:
    assert parse_moment_ms(text, now_ms=NOW_MS) == moment_ms


@pytest.mark.parametrize(("text", "length_ms"), [("1m", 60_000), ("250ms", 250), ("1s", 1_000), ("1d", 86_400_000)])
def test_a_length_is_a_number_and_a_unit(text: str, length_ms: int) -> None:
    assert parse_length_ms(text) == length_ms


@given(st.text())
def test_anything_else_is_an_error_that_shows_an_example(text: str) -> None:
    for parse in (parse_length_ms, lambda value: parse_moment_ms(value, now_ms=NOW_MS)):
        try:
            parse(text)
        except ValueError as error:
            assert "such as" in str(error)  # noqa: PT017 - most texts raise, a few do not
        except OverflowError:
            pass


@pytest.mark.parametrize("text", ["", "0m", "-1h", "1", "1w", "1 h", "٣m", "yesterday", "2019-13-01"])
def test_these_are_neither(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_moment_ms(text, now_ms=NOW_MS)


def test_an_option_that_is_a_day_is_that_of_its_moment() -> None:
    context, option = click.Context(click.Command("report")), click.Option(["--day"])
    read = day_callback(lambda: NOW_MS)
    assert read(context, option, "now") == date(2019, 10, 11)
    assert read(context, option, "1d") == date(2019, 10, 10)
    assert read(context, option, "2019-10-12T01:00:00+02:00") == date(2019, 10, 11)
    assert read(context, option, None) is None
    for text in ("yesterday", "999999d", "9999-12-31T23:59:00-01:00"):
        with pytest.raises(click.BadParameter):
            read(context, option, text)
