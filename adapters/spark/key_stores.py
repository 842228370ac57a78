"""Key stores for Java, which the Cassandra driver takes in place of PEM files: PKCS #12, with a random password, in a private folder.

The folder has mode 0700 and is deleted when the program ends; a program that is killed leaves it, readable by its user alone.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from pathlib import Path

import attrs

from .pem import read_certificates, read_key
from .security_settings import Certificates


@attrs.frozen(kw_only=True)
class KeyStores:
    """Files in PKCS #12, each None where there is nothing to put into it."""

    password: str = attrs.field(repr=False)
    """The password of both."""
    trust_store: Path | None
    """The authorities that are trusted."""
    key_store: Path | None
    """The client certificate, its chain and its key."""


def make_key_stores(certificates: Certificates) -> KeyStores:
    """Write the key stores of these PEM files. Raise PemError if one cannot be used."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12  # noqa: PLC0415

    password = secrets.token_urlsafe(32)
    encryption = BestAvailableEncryption(password.encode())
    trusted = read_certificates(certificates.ca_file) if certificates.ca_file else []
    own = read_certificates(certificates.cert_file) if certificates.cert_file else []
    folder = Path(tempfile.mkdtemp(prefix="tapeline-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    trust_store = key_store = None
    if trusted:
        entries = [pkcs12.PKCS12Certificate(one, f"ca-{n}".encode()) for n, one in enumerate(trusted)]
        trust_store = _write(folder / "trust.p12", pkcs12.serialize_java_truststore(entries, encryption))
    if own:
        key = read_key(certificates.key_file)
        key_store = _write(
            folder / "key.p12", pkcs12.serialize_key_and_certificates(b"client", key, own[0], own[1:], encryption)
        )
    return KeyStores(password=password, trust_store=trust_store, key_store=key_store)


def _write(file: Path, content: bytes) -> Path:
    file.touch(mode=0o600)
    file.write_bytes(content)
    return file
