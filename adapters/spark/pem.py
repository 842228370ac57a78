"""Certificates and keys from PEM files, in the forms that Java takes.

`cryptography` is imported where it is used: without TLS the driver does not need it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ports.errors import PortError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12PrivateKeyTypes
    from cryptography.x509 import Certificate


class PemError(PortError):
    """A PEM file cannot be read, or holds something else."""


def read_certificates(file: str) -> list[Certificate]:
    """Return the certificates of a file, in its order. Raise PemError, which names the file."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        return load_pem_x509_certificates(Path(file).read_bytes())
    except OSError as error:
        raise PemError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PemError(f"{file} holds no certificate in PEM") from error


def read_key(file: str) -> PKCS12PrivateKeyTypes:
    """Return the private key of a file, which is not encrypted. Raise PemError, which names the file and quotes nothing of it."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        return load_pem_private_key(Path(file).read_bytes(), password=None)  # type: ignore[return-value]  # every key of a certificate is one
    except OSError as error:
        raise PemError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise PemError(f"{file} holds no private key in PEM, or an encrypted one") from error


def certificates_text(file: str) -> str:
    """Return the certificates of a file as PEM, without anything else that the file may hold. Raise PemError."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return "".join(one.public_bytes(Encoding.PEM).decode() for one in read_certificates(file))


def key_text(file: str) -> str:
    """Return the private key of a file as PEM of PKCS #8, the only form that Java reads. Raise PemError."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    return read_key(file).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
