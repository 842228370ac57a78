from __future__ import annotations

from typing import Any

import pytest

from adapters.spark.settings import AggregatorSettings


def test_secrets_are_not_shown() -> None:
    settings = AggregatorSettings(password="hush", kafka_properties={"sasl.jaas.config": "hush"})  # noqa: S106
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_ms": 0},
        {"allowed_lateness_ms": -1},
        {"keyspace": "no;such"},
        {"cassandra_hosts": ()},
        {"cassandra_port": 70_000},
        {"consistency": "SOME"},
        {"starting_offsets": "yesterday"},
        {"shuffle_partitions": 0},
        {"trigger_s": -1.0},
        {"checkpoint": ""},
    ],
)
def test_values_that_cannot_be_right_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AggregatorSettings(**wrong)
