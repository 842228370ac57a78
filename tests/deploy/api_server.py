"""Kubernetes' API server with etcd on loopback, without nodes or controllers: it judges resources as a cluster does, and runs none of them."""

from __future__ import annotations

import contextlib
import secrets
import socket
import subprocess
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import attrs
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.needs import path_of
from tests.support.timeouts import TIMEOUT_S, wait_until

from .overlays import Resource

HOST: Final = "127.0.0.1"
_APPLY: Final = {"Content-Type": "application/apply-patch+yaml"}


@attrs.define
class ApiServer:
    """A running API server, and a client of it that may do everything."""

    url: str
    token: str
    ca_file: Path

    def kubeconfig(self) -> dict[str, Any]:
        """Return the configuration of kubectl as this client; it holds the token."""
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)}}
            ],
            "users": [{"name": "tests", "user": {"token": self.token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
            "current-context": "tests",
        }

    def is_ready(self) -> bool:
        """Return whether it accepts requests."""
        try:
            return self._session.get(f"{self.url}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def apply(self, resource: Resource, *, dry_run: bool) -> list[str]:
        """Apply a resource by server-side apply, and return the errors and the warnings of the server."""
        answer = self._session.patch(
            self._address(resource),
            params={
                "fieldManager": "tests",
                "force": "true",
                "fieldValidation": "Strict",
                **({"dryRun": "All"} if dry_run else {}),
            },
            json=resource,
            headers=_APPLY,
            timeout=TIMEOUT_S,
        )
        warnings = [answer.headers["Warning"]] if "Warning" in answer.headers else []
        return warnings if answer.ok else [*warnings, answer.json()["message"]]

    def serves(self, resource: Resource) -> bool:
        """Return whether it knows the kind of a resource."""
        return any(each["kind"] == resource["kind"] for each in self._kinds(resource["apiVersion"]))

    def _address(self, resource: Resource) -> str:
        kinds = self._kinds(resource["apiVersion"])
        [kind] = [one for one in kinds if one["kind"] == resource["kind"] and "/" not in one["name"]]
        metadata = resource["metadata"]
        place = f"/namespaces/{metadata['namespace']}" if kind["namespaced"] else ""
        return f"{self._group(resource['apiVersion'])}{place}/{kind['name']}/{metadata['name']}"

    def _kinds(self, version: str) -> list[dict[str, Any]]:
        answer = self._session.get(self._group(version), timeout=TIMEOUT_S)
        return list(answer.json()["resources"]) if answer.ok else []

    def _group(self, version: str) -> str:
        return f"{self.url}/{'apis' if '/' in version else 'api'}/{version}"

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token}"
        session.verify = str(self.ca_file)
        session.trust_env = False
        return session


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Run etcd and an API server within the block; all their files are in the folder."""
    etcd, peers, port = _free_ports(3)
    token, tokens = secrets.token_hex(16), folder / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(f"{token},tests,1,system:masters\n", "utf-8")
    private, public = _service_account_keys(folder)
    etcd_command = [
        *(path_of("etcd"), "--data-dir", str(folder / "etcd")),
        *("--listen-client-urls", f"http://{HOST}:{etcd}", "--advertise-client-urls", f"http://{HOST}:{etcd}"),
        *("--listen-peer-urls", f"http://{HOST}:{peers}", "--initial-advertise-peer-urls", f"http://{HOST}:{peers}"),
        *("--initial-cluster", f"default=http://{HOST}:{peers}"),
    ]
    command = [
        *(path_of("kube-apiserver"), "--etcd-servers", f"http://{HOST}:{etcd}"),
        *("--bind-address", HOST, "--advertise-address", HOST, "--secure-port", str(port)),
        *("--cert-dir", str(folder / "certificates"), "--token-auth-file", str(tokens)),
        *("--service-account-issuer", "https://tests.invalid", "--service-account-key-file", str(public)),
        *("--service-account-signing-key-file", str(private), "--authorization-mode", "RBAC"),
        *("--service-cluster-ip-range", "10.96.0.0/16", "--endpoint-reconciler-type", "none"),
    ]
    with _running(etcd_command, folder / "etcd.log"), _running(command, folder / "kube-apiserver.log") as process:
        certificate = folder / "certificates" / "apiserver.crt"

        def starts() -> bool:
            assert process.poll() is None, (folder / "kube-apiserver.log").read_text("utf-8")[-3000:]
            return certificate.exists()

        wait_until(starts, "a certificate of the API server", 2 * TIMEOUT_S)
        server = ApiServer(f"https://{HOST}:{port}", token, certificate)
        wait_until(lambda: starts() and server.is_ready(), "the API server", 2 * TIMEOUT_S, poll_s=0.2)
        yield server


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def _service_account_keys(folder: Path) -> tuple[Path, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = folder / "service-accounts.key", folder / "service-accounts.pub"
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@contextlib.contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.terminate()
