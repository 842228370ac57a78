import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.settings.secret_files import (
    MAX_BYTES,
    SecretFileError,
    is_private,
    read_secret,
    require_private_file,
    secret_setting,
)

VARIABLE = "TAPELINE_TEST_TOKEN"


def secret_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@given(secret=st.text(min_size=1, max_size=50).filter(lambda text: not text.endswith(("\n", "\r"))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_secret_is_the_text_of_the_file_without_its_line_break(tmp_path: Path, secret: str) -> None:
    for end in ("", "\n", "\r\n"):
        assert read_secret(secret_file(tmp_path, f"{secret}{end}".encode())) == secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o444])
def test_a_file_that_other_users_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, b"hunter2", mode)
    for use in (read_secret, require_private_file):
        with pytest.raises(SecretFileError, match=f"open to other users .mode {mode:04o}.: run chmod 600") as refusal:
            use(path)
        assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("mode", "owner", "private"),
    [(0o400, 7, True), (0o440, 7, False), (0o440, 0, True), (0o640, 0, True), (0o660, 0, False), (0o444, 0, False)],
)
def test_a_group_may_read_a_file_of_root_as_systemd_and_kubernetes_give_it(
    mode: int, owner: int, private: bool
) -> None:
    assert is_private(mode, owner=owner, user=7) == private


def test_for_root_itself_the_file_of_root_is_like_any_other() -> None:
    assert not is_private(0o440, owner=0, user=0)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_accepted(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, b"hunter2", mode)
    require_private_file(path)
    assert read_secret(path) == "hunter2"
    assert "hunter2" not in repr(read_secret(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"x" * (MAX_BYTES + 1), "is larger than")],
)
def test_content_that_cannot_be_a_secret_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SecretFileError, match=message):
        read_secret(secret_file(tmp_path, content))


def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path, message in ((pipe, "not a regular file"), (tmp_path / "missing", "cannot read")):
        for use in (read_secret, require_private_file):
            with pytest.raises(SecretFileError, match=message):
                use(path)
    with pytest.raises(SecretFileError, match=r"directory|regular file"):
        read_secret(tmp_path)


def test_a_setting_comes_from_its_variable_or_its_file_but_not_from_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    path = secret_file(tmp_path, b"from the file\n")
    assert secret_setting(VARIABLE, None) is None
    assert secret_setting(VARIABLE, path) == "from the file"
    monkeypatch.setenv(VARIABLE, "from the variable")
    assert secret_setting(VARIABLE, None) == "from the variable"
    with pytest.raises(SecretFileError, match=f"{VARIABLE} and {VARIABLE}_FILE are both set"):
        secret_setting(VARIABLE, path)
