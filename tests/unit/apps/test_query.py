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
