import pytest

from apps.runtime.advice import with_advice
from ports.errors import BrokerError, FeedError, KeyRefusedError, TopicMissingError


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (KeyRefusedError("HTTP 401"), "TAPELINE_FINNHUB_TOKEN"),
        (TopicMissingError("no topic trades"), "tapeline admin topics"),
    ],
)
def test_an_error_that_the_user_can_mend_comes_with_advice(error: Exception, advice: str) -> None:
    text = with_advice(error)
    assert text.startswith(f"{error}; ")
    assert advice in text


@pytest.mark.parametrize("error", [FeedError("the feed has ended"), BrokerError("no broker answered")])
def test_any_other_error_stands_as_it_is(error: Exception) -> None:
    assert with_advice(error) == str(error)
