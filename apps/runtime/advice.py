"""What a user can do about an error of an adapter: which command to run, which setting to change.

Adapters name no flag and no variable, as they serve programs that have neither.
"""

from collections.abc import Mapping
from typing import Final

from domain.errors import TapelineError
from ports.errors import KeyRefusedError, SchemaMissingError, TopicMissingError

_ADVICE: Final[Mapping[type[TapelineError], str]] = {
    KeyRefusedError: "set TAPELINE_FINNHUB_TOKEN to the API key that the dashboard at https://finnhub.io shows",
    TopicMissingError: "create the topics with: tapeline admin topics",
    SchemaMissingError: "create or update the tables with: tapeline admin schema",
}


def with_advice(error: Exception) -> str:
    """Return the error's text, followed by what to do about it where that is known."""
    advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), None)
    return str(error) if advice is None else f"{error}; {advice}"
