from __future__ import annotations

from typing import Any

import pytest

from adapters.spark.security_settings import CassandraSecurity, KafkaSecurity
from adapters.spark.settings import AggregatorSettings


def test_secrets_are_not_shown() -> None:
    settings = AggregatorSettings(
        cassandra_security=CassandraSecurity(username="u", password="hush"),  # noqa: S106
        kafka_security=KafkaSecurity(protocol="SASL_SSL", username="u", password="hush"),  # noqa: S106
        kafka_properties={"sasl.jaas.config": "hush"},
    )
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
