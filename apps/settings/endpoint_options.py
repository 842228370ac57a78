"""The settings that protect an HTTP endpoint: TLS certificate, bearer token, user and password hash."""

from pathlib import Path
from typing import Final

import attrs
import typed_settings as ts

from apps.http_security.credentials import Credentials, check_token
from apps.http_security.endpoint_security import EndpointSecurity, server_tls
from apps.http_security.password_hash import PasswordHash

from .secret_files import read_secret, require_private_file, secret_setting

METRICS_TOKEN: Final = "TAPELINE_METRICS_TOKEN"  # noqa: S105 - the name of a variable


FILE: Final = {"metavar": "FILE"}


@attrs.frozen(kw_only=True)
class MetricsOptions:
    """How /metrics, /healthz and /readyz of a program are protected."""

    tls_cert_file: Path | None = ts.option(
        default=None, help="Serve metrics by TLS with this certificate chain, PEM", click=FILE
    )
    tls_key_file: Path | None = ts.option(default=None, help="Private key of the metrics certificate, PEM", click=FILE)
    token_file: Path | None = ts.option(
        default=None,
        help=f"Answer metrics only with the bearer token in this file; or set {METRICS_TOKEN}",
        click=FILE,
    )
    user: str = ts.option(default="", help="Answer metrics only to this user, by basic authentication")
    password_hash_file: Path | None = ts.option(default=None, help="Hash of that user's password", click=FILE)

    def __attrs_post_init__(self) -> None:
        check_pair("metrics", self.tls_cert_file, self.tls_key_file)
        if bool(self.user) != (self.password_hash_file is not None):
            raise ValueError("--metrics-user and --metrics-password-hash-file belong together: set both or neither")

    def security(self) -> EndpointSecurity:
        """Read the secrets, and return how the endpoint is protected. Raise TapelineError if a secret cannot be used."""
        return endpoint_security(
            variable=METRICS_TOKEN,
            token_file=self.token_file,
            cert_file=self.tls_cert_file,
            key_file=self.tls_key_file,
            user=self.user,
            password_hash_file=self.password_hash_file,
        )


def check_pair(group: str, cert_file: Path | None, key_file: Path | None) -> None:
    """Raise ValueError if a certificate is set without its key, or a key without its certificate."""
    if (cert_file is None) != (key_file is None):
        raise ValueError(f"--{group}-tls-cert-file and --{group}-tls-key-file belong together: set both or neither")


def endpoint_security(
    *,
    variable: str,
    token_file: Path | None,
    cert_file: Path | None,
    key_file: Path | None,
    user: str = "",
    password_hash_file: Path | None = None,
) -> EndpointSecurity:
    """Read the secrets of an endpoint, and return how it is protected. Raise TapelineError if a secret cannot be used."""
    token = secret_setting(variable, token_file)
    tls = None
    if cert_file is not None and key_file is not None:
        require_private_file(key_file)
        tls = server_tls(cert_file, key_file)
    credentials = Credentials(
        token=ts.SecretStr("") if token is None else check_token(token, variable),
        user=user,
        password_hash=None if password_hash_file is None else PasswordHash.parse(read_secret(password_hash_file)),
    )
    return EndpointSecurity(tls=tls, credentials=credentials)
