import pytest
from structlog.testing import capture_logs

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from ports.errors import BrokerError

SECRET = "hunter2-but-longer"  # noqa: S105 - what the tests look for


def secured(**properties: str) -> KafkaSettings:
    extra = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "tapeline",
        "sasl.password": SECRET,
        **properties,
    }
    return KafkaSettings(bootstrap_servers="127.0.0.1:1", connect_timeout_s=0.5, extra=extra)


def test_a_password_is_in_no_repr() -> None:
    assert SECRET not in repr(secured())


@pytest.mark.parametrize("properties", [{}, {"sasl.passwort": SECRET}, {"sasl.mechanism": "NONE"}])
def test_a_password_is_in_no_error_and_no_log(properties: dict[str, str]) -> None:
    with capture_logs() as logs:
        for client in (KafkaPublisher(secured(**properties)), KafkaSubscriber(secured(**properties), "readers")):
            with pytest.raises(BrokerError) as caught:
                client.start()
            client.close()
            assert SECRET not in repr(caught.value)
            assert SECRET not in repr(caught.value.__cause__)
    assert SECRET not in repr(logs)


def test_a_property_that_kafka_does_not_know_is_named() -> None:
    settings = KafkaSettings(extra={"no.such.property": "1"})
    with pytest.raises(BrokerError, match=r"no\.such\.property"):
        KafkaPublisher(settings).start()


def test_what_the_promises_rest_on_cannot_be_changed() -> None:
    settings = KafkaSettings(extra={"acks": "0", "enable.idempotence": "false", "enable.auto.commit": "true"})
    assert settings.producer()["acks"] == "all"
    assert settings.producer()["enable.idempotence"] is True
    assert settings.consumer("readers")["enable.auto.commit"] is False


def test_other_properties_can_be_changed() -> None:
    settings = KafkaSettings(extra={"compression.type": "zstd", "message.timeout.ms": "60000"})
    assert settings.producer()["compression.type"] == "zstd"
    assert settings.producer()["message.timeout.ms"] == "60000"


@pytest.mark.parametrize("name", ["buffer_messages", "buffer_kib"])
def test_the_buffer_is_always_bounded(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        KafkaSettings(**{name: 0})  # type: ignore[arg-type]
