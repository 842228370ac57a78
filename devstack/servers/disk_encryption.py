"""Encryption of a Cassandra node's commit log on disk, with a key of the node's own.

- Cassandra encrypts the commit log by AES. It does not encrypt SSTables, and version 5.0 cannot be set to encrypt hints.
- Java's keytool makes the key of 256 bits, in a PKCS #12 file with a random password. keytool is called as a class of Java's base module, because
  small Java runtimes lack the program.
- The key is made once: a node that restarts reads its earlier commit log.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from devstack.errors import DevstackError

from .java import java_command

_KEY: Final = "disk"
_KEYTOOL: Final = "java.base/sun.security.tools.keytool.Main"


def make_key_store(key_store: Path, password_file: Path) -> None:
    """Write a key store with a new key, readable by its owner alone, unless there is one.

    Raises:
        DevstackError: keytool failed.

    """
    if key_store.exists():
        return
    # The password stays in its file: every user of the machine can read a command line.
    store = ["-keystore", str(key_store), "-storetype", "PKCS12", "-storepass:file", str(password_file)]
    key = ["-alias", _KEY, "-keyalg", "AES", "-keysize", "256"]
    command = [str(java_command()), "-m", _KEYTOOL, "-genseckey", *store, *key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own Java and options
    if done.returncode:
        raise DevstackError(f"keytool made no key for {key_store.stem}: {done.stdout}{done.stderr}")
    key_store.chmod(0o600)


def disk_encryption_settings(key_store: Path, password: str) -> dict[str, object]:
    """Return the settings in cassandra.yaml, which hold the password."""
    provider = {
        "keystore": str(key_store),
        "store_type": "PKCS12",
        "keystore_password": password,
        "key_password": password,
    }
    return {
        "enabled": True,
        "cipher": "AES/CBC/PKCS5Padding",
        "key_alias": _KEY,
        "key_provider": [{"class_name": "org.apache.cassandra.security.JKSKeyProvider", "parameters": [provider]}],
    }
