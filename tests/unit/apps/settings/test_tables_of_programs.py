"""Every program accepts a settings file that other programs share."""

from pathlib import Path

import pytest

from apps.cli import COMMANDS
from apps.settings.loader import APPS, settings_errors
from apps.settings.query import QuerySettings


def test_each_program_with_settings_is_known() -> None:
    assert set(APPS) == set(COMMANDS) - {"devstack"}


@pytest.mark.parametrize("app", APPS)
def test_the_table_of_another_program_is_no_error(app: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tapeline.toml").write_text(f"[{app}]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert settings_errors(QuerySettings, "query") == []
