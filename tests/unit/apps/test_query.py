"""What `tapeline query` refuses before it connects."""

import pytest
from click.testing import CliRunner

from apps.query import query


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gaps", "--window", "1d"), "--gaps is for windows of minutes or hours"),
        (("--gaps", "--as-of", "1h"), "--gaps is not for --as-of"),
        (("--window", "1y"), "'1y' is no length of time"),
        (("--as-of", "yesterday"), "'yesterday' is no moment"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: tuple[str, ...], message: str) -> None:
    result = CliRunner().invoke(query, ["candles", "AAPL", *options])
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("what", ["candles", "trades"])
def test_a_span_that_ends_before_it_begins_is_refused(what: str) -> None:
    result = CliRunner().invoke(query, [what, "AAPL", "--from", "2026-01-05", "--to", "2026-01-04"])
    assert result.exit_code == 2
    assert "--from: must not be after --to" in result.output
