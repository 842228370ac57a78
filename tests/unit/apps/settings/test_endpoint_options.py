import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.http_security.password_hash import PasswordHash
from apps.settings.endpoint_options import METRICS_TOKEN, MetricsOptions
from domain.errors import TapelineError
from tests.support.certificates import make_certificate

ROOT = Path(__file__).parents[4]
TOKEN = "a-token-of-these-tests"  # noqa: S105 - a test's


@pytest.fixture(autouse=True)
def no_token_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(METRICS_TOKEN, raising=False)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_default_is_neither_tls_nor_credentials() -> None:
    security = MetricsOptions().security()
    assert (security.tls, security.credentials.are_required, security.scheme) == (None, False, "http")


def test_secrets_come_from_files(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    security = MetricsOptions(
        tls_cert_file=made.certificate,
        tls_key_file=made.key,
        token_file=private(tmp_path / "token", f"{TOKEN}\n"),
        user="prometheus",
        password_hash_file=private(tmp_path / "hash", f"{PasswordHash.of('secret')}\n"),
    ).security()
    assert security.scheme == "https"
    assert security.credentials.accept(f"Bearer {TOKEN}")
    assert security.credentials.accept("Basic cHJvbWV0aGV1czpzZWNyZXQ=")
    assert not security.credentials.accept("")


def test_the_token_may_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(METRICS_TOKEN, TOKEN)
    assert MetricsOptions().security().credentials.accept(f"Bearer {TOKEN}")


def test_halves_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="belong together"):
        MetricsOptions(tls_cert_file=tmp_path / "server.pem")
    with pytest.raises(ValueError, match="belong together"):
        MetricsOptions(user="prometheus")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    made.key.chmod(0o644)
    with pytest.raises(TapelineError, match=r"server\.key is open to other users"):
        MetricsOptions(tls_cert_file=made.certificate, tls_key_file=made.key).security()


@pytest.mark.parametrize(
    ("mode", "text", "message"),
    [(0o644, TOKEN, "is open to other users (mode 0644): run chmod 600"), (0o600, "tiny-secret", "at least 16")],
)
def test_a_program_ends_with_a_clear_error_that_does_not_show_the_secret(
    tmp_path: Path, mode: int, text: str, message: str
) -> None:
    token = private(tmp_path / "token", text, mode)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINE_")}
    run = subprocess.run(
        [sys.executable, "-m", "apps.live", "--metrics-token-file", str(token), "--no-page", "--duration", "1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    assert text not in run.stdout + run.stderr


def test_there_is_no_flag_for_a_token_itself() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "apps.live", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert "--metrics-token-file" in shown
    assert "--metrics-token " not in shown
