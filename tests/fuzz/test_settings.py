"""Settings: files and variables with anything in them load, or are refused in words that hold no secret."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
import typed_settings as ts
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.settings.aggregator import AggregatorOptions
from apps.settings.dashboard import DashboardSettings
from apps.settings.live import LiveSettings
from apps.settings.loader import APPS, GROUPS, settings_errors
from apps.settings.producer import ProducerSettings
from apps.settings.simulator import SimulatorServerSettings

PROGRAMS: Final[dict[str, type[attrs.AttrsInstance]]] = {
    "aggregator": AggregatorOptions,
    "dashboard": DashboardSettings,
    "live": LiveSettings,
    "producer": ProducerSettings,
    "simulator": SimulatorServerSettings,
}
SECRET: Final = "c0ffee-5417-hush"  # noqa: S105 - what must not be seen


def setting_paths(settings_class: type[attrs.AttrsInstance], prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the path of each setting, such as `kafka.sasl_password`, and whether it is a secret."""
    for field in attrs.fields(settings_class):
        if isinstance(field.type, type) and attrs.has(field.type):
            yield from setting_paths(field.type, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, field.type is ts.SecretStr


PATHS: Final = {name: dict(setting_paths(settings_class)) for name, settings_class in PROGRAMS.items()}

programs = st.sampled_from(list(PROGRAMS))
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
odd_texts = texts | st.sampled_from(
    [
        "nan",
        "inf",
        "-inf",
        "1e400",
        "-0",
        "9" * 5_000,
        "1_0",
        "٣",
        "true",
        "[",
        "{}",
        ",,",
        "ws://[",
        "/",
        "/dev/null",
        ".",
    ]
)
secret_texts = st.sampled_from(
    [
        SECRET,
        f"wss://{SECRET}@host",
        f"wss://[{SECRET}]",
        f"wss://user:{SECRET}@℀.com",
        f"wss://ws.finnhub.io/?token={SECRET}",
    ]
)
toml_keys = st.sampled_from([*GROUPS, *APPS, *(path.rpartition(".")[2] for paths in PATHS.values() for path in paths)])
toml_values = st.recursive(
    st.sampled_from(
        ["nan", "inf", "-inf", "1e400", "9" * 5_000, "-1", "0", "true", "1979-05-27", '""', "''", '"x"', "[]", "{}"]
    )
    | st.integers().map(str),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
    max_leaves=4,
)
toml_lines = st.one_of(
    st.tuples(toml_keys, toml_values).map(" = ".join),
    toml_keys.map("[{}]".format),
    toml_keys.map("[[{}]]".format),
    texts,
)


few = settings(max_examples=settings().max_examples // 4)
"""Loading settings takes long beside everything else that is fuzzed."""


def refused(program: str, variables: dict[str, str]) -> str:
    """Return what is said about settings that are refused; empty if they are valid."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return "; ".join(settings_errors(PROGRAMS[program], program))


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("settings") / "fuzz.toml"
    file.touch(mode=0o600)  # otherwise a secret in it is the only refusal
    return file


@few
@given(program=programs, data=st.data())
def test_no_variable_raises(program: str, data: st.DataObject) -> None:
    paths = data.draw(st.lists(st.sampled_from(list(PATHS[program])), max_size=4))
    refused(program, {variable(path): data.draw(odd_texts) for path in paths})


@few
@given(program=programs, content=st.lists(toml_lines, max_size=6).map("\n".join).map(str.encode) | st.binary())
def test_no_settings_file_raises(program: str, content: bytes, settings_file: Path) -> None:
    settings_file.write_bytes(content)
    refused(program, {"TAPELINE_SETTINGS": str(settings_file)})


@few
@given(program=programs, data=st.data())
def test_no_refusal_shows_a_secret(program: str, data: st.DataObject, settings_file: Path) -> None:
    secrets = [path for path, is_secret in PATHS[program].items() if is_secret]
    carriers = [*secrets, *(path for path in PATHS[program] if path in {"finnhub.url", "kafka.properties"})]
    others = [path for path in PATHS[program] if path not in carriers]
    wrong = data.draw(st.lists(st.sampled_from(others), max_size=3))
    variables = {variable(path): data.draw(odd_texts) for path in wrong}
    for path in data.draw(st.lists(st.sampled_from(carriers), max_size=3)) if carriers else []:
        if data.draw(st.booleans()):
            variables[variable(path)] = data.draw(secret_texts)
        else:
            table, _, key = path.rpartition(".")
            wrapped = data.draw(
                st.sampled_from(['"{}"', '["{}"]', '{{ a = "{}" }}', '{{ a = ["{}"] }}', '"{}', '"{}" x'])
            )
            settings_file.write_text(f"[{table}]\n{key} = {wrapped.format(data.draw(secret_texts))}\n", "utf-8")
            variables["TAPELINE_SETTINGS"] = str(settings_file)
    assert SECRET not in refused(program, variables)


def variable(path: str) -> str:
    return f"TAPELINE_{path.replace('.', '_').upper()}"
