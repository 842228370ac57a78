"""Settings of a wrong form are refused in words, which hold no secret."""

from pathlib import Path

import attrs
import click
import pytest
import typed_settings as ts
from click.testing import CliRunner

from apps.settings.aggregator import AggregatorOptions
from apps.settings.loader import SettingsCommand, app_command, loaders, settings_converter, settings_errors
from apps.settings.producer import ProducerSettings

SECRET = "c0ffee-5417-hush"  # noqa: S105 - made up


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "not a TOML file"),
        (b"a = " + b"[" * 5_000, "not a TOML file"),
        (b"a = " + b"9" * 5_000, "not a TOML file"),
        (b"producer = 1", "producer is a table"),
        (b"kafka = 1", "Invalid options"),
        (f'[kafka]\nproperties = "{SECRET}"'.encode(), "kafka.properties: a value of another type"),
        (f'[finnhub]\nurl = "wss://user:{SECRET}@\N{ACCOUNT OF}.com"'.encode(), "a WebSocket's address"),
        (f'[finnhub]\nurl = "wss://[{SECRET}]"'.encode(), "a WebSocket's address"),
    ],
)
def test_a_file_of_a_wrong_form_is_refused_without_its_secrets(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wrong.toml"
    file.touch(mode=0o600)
    file.write_bytes(content)
    monkeypatch.setenv("TAPELINE_SETTINGS", str(file))
    said = "; ".join(settings_errors(ProducerSettings, "producer"))
    assert message in said
    assert SECRET not in said


def test_a_file_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Kubernetes mounts an empty folder where a Secret lacks the key of a mounted file.
    folder = tmp_path / "key.toml"
    folder.mkdir()
    monkeypatch.setenv("TAPELINE_SETTINGS", str(folder))
    assert settings_errors(ProducerSettings, "producer") == [f"{folder}: Is a directory"]


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.toml", "No such file or directory"), ("n" * 5_000 + ".toml", "File name too long")]
)
def test_a_file_that_is_named_and_cannot_be_found_is_refused_by_its_name(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, missing = tmp_path / "there.toml", tmp_path / name
    there.write_text("")
    monkeypatch.setenv("TAPELINE_SETTINGS", f"{there}:{missing}")
    assert settings_errors(ProducerSettings, "producer") == [f"{missing}: {reason}; TAPELINE_SETTINGS names this file"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CONSISTENCY", "'consistency' must be in ('ONE', "),
        ("STARTING_OFFSETS", "'starting_offsets' must be in ('earliest', 'latest') (got 'NOPE')"),
    ],
)
def test_a_value_that_is_no_choice_is_refused_with_the_choices_alone(
    name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TAPELINE_{name}", "NOPE")
    [said] = settings_errors(AggregatorOptions, "aggregator")
    assert said.startswith(message)
    assert said.endswith("(got 'NOPE')")


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("AAPL,MSFT", ("AAPL", "MSFT")),
        (" AAPL, IC MARKETS:1 ,", ("AAPL", "IC MARKETS:1")),
        (",", ()),
    ],
)
def test_a_list_may_have_spaces_and_a_comma_at_its_end(
    text: str, symbols: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAPELINE_SYMBOLS", text)
    found = ts.load_settings(ProducerSettings, loaders("producer"), converter=settings_converter())
    assert found.symbols == symbols


@pytest.mark.parametrize("value", [f'"{SECRET}"', f'["{SECRET}"]'])
def test_a_flag_without_a_usable_default_is_refused_without_its_secret(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wrong.toml"
    file.touch(mode=0o600)
    file.write_text(f"[kafka]\nproperties = {value}\n")
    monkeypatch.setenv("TAPELINE_SETTINGS", str(file))
    with pytest.raises(click.UsageError) as caught:
        SettingsCommand("producer", lambda settings: None, ProducerSettings, "producer").make_context("producer", [])
    assert "kafka.properties: a value of another type" in caught.value.format_message()
    assert SECRET not in caught.value.format_message()


SECRETS = f"""
[finnhub]
token = "{SECRET}"

[kafka]
sasl_password = "{SECRET}"
security_protocol = "SASL_SSL"
sasl_username = "producer"
properties = {{ "ssl.key.password" = "{SECRET}" }}

[cassandra]
password = "{SECRET}"
username = "aggregator"

[aggregator]
kafka_client = {{ "ssl.key.password" = "{SECRET}" }}
"""


@pytest.fixture
def secret_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with every secret that a settings file can hold."""
    file = tmp_path / "secret.toml"
    file.touch(mode=0o600)
    file.write_text(SECRETS)
    monkeypatch.setenv("TAPELINE_SETTINGS", str(file))
    return file


@pytest.mark.usefixtures("secret_settings")
@pytest.mark.parametrize(("app", "settings_class"), [("producer", ProducerSettings), ("aggregator", AggregatorOptions)])
def test_no_secret_is_a_flag_or_shown_by_the_help(app: str, settings_class: type[attrs.AttrsInstance]) -> None:
    program = SettingsCommand(app, lambda settings: None, settings_class, app)
    shown = CliRunner().invoke(program, ["--help"]).output
    assert "--kafka-sasl-password-file" in shown
    assert SECRET not in shown
    for secret in ("finnhub-token", "kafka-sasl-password", "kafka-properties", "kafka-client", "cassandra-password"):
        refused = CliRunner().invoke(program, [f"--{secret}={SECRET}"])
        assert (refused.exit_code, f"No such option '--{secret}'" in refused.output) == (2, True)
        assert SECRET not in refused.output


@pytest.mark.usefixtures("secret_settings")
def test_the_secrets_of_a_file_reach_the_program() -> None:
    @app_command(AggregatorOptions, "aggregator")
    def program(settings: AggregatorOptions) -> None:
        read.append(settings)

    read: list[AggregatorOptions] = []
    done = CliRunner().invoke(program, [])
    assert done.exit_code == 0, done.output
    [settings] = read
    assert settings.kafka.adapter().extra == settings.kafka_client == {"ssl.key.password": SECRET}
    assert settings.kafka.adapter().security.password == settings.cassandra.adapter().password == SECRET
    assert SECRET not in repr(settings)


def test_a_settings_file_with_a_secret_is_refused_if_others_can_read_it(secret_settings: Path) -> None:
    secret_settings.chmod(0o640)
    [refused] = settings_errors(AggregatorOptions, "aggregator")
    assert refused == (
        "a settings file with kafka_client, kafka.properties, kafka.sasl_password, cassandra.password: "
        f"the secret file {secret_settings} is open to other users (mode 0640): run chmod 600 {secret_settings}"
    )
    # A program reads its own secrets alone.
    assert (
        "with finnhub.token, kafka.properties, kafka.sasl_password: "
        in settings_errors(ProducerSettings, "producer")[0]
    )


@pytest.mark.parametrize("content", ['[kafka.properties]\n"compression.type" = "zstd"', '[finnhub]\ntoken = ""'])
def test_a_settings_file_without_a_secret_may_be_open(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shared.toml"
    file.write_text(content)
    file.chmod(0o644)
    monkeypatch.setenv("TAPELINE_SETTINGS", str(file))
    assert settings_errors(ProducerSettings, "producer") == []
