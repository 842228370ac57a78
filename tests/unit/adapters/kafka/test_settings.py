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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("message.timeout.ms", "60000"),
        ("delivery.timeout.ms", "60000"),
        ("acks", "1"),
        ("request.required.acks", "0"),
        ("enable.idempotence", "false"),
        ("partitioner", "random"),
        ("delivery.report.only.error", "true"),
        ("enable.auto.commit", "true"),
        ("auto.offset.reset", "latest"),
        ("retries", "3"),
        ("message.send.max.retries", "3"),
        ("bootstrap.servers", "elsewhere:9092"),
        ("metadata.broker.list", "elsewhere:9092"),
        ("queue.buffering.max.messages", "1000000000"),
        ("queue.buffering.max.kbytes", "1000000000"),
        ("group.id", "another"),
    ],
)
def test_a_property_that_breaks_a_promise_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"the Kafka property {name} ") as caught:
        secured(**{name: value})
    assert SECRET not in str(caught.value)


def test_a_property_may_be_set_to_the_value_that_it_must_have() -> None:
    settings = KafkaSettings(extra={"message.timeout.ms": "0", "acks": "ALL", "enable.idempotence": "True"})
    assert settings.producer()["message.timeout.ms"] == "0"
    assert settings.producer()["acks"] == "all"


def test_other_properties_can_be_changed() -> None:
    settings = KafkaSettings(extra={"compression.type": "zstd", "session.timeout.ms": "45000"})
    assert settings.producer()["compression.type"] == "zstd"
    assert settings.consumer("readers")["session.timeout.ms"] == "45000"


@pytest.mark.parametrize("name", ["buffer_messages", "buffer_kib"])
def test_the_buffer_is_always_bounded(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        KafkaSettings(**{name: 0})  # type: ignore[arg-type]
