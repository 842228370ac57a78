"""An OpenID Connect provider of the tests: it signs a token for each client that knows the secret, and publishes its key in a file."""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

LIFE_S: Final = 10
"""How long a token is valid."""
SECRET: Final = "s3cret-of-all-clients"  # noqa: S105 - the tests look for it
ISSUER: Final = "https://issuer.invalid"
AUDIENCE: Final = "kafka"


class TokenEndpoint(ThreadingHTTPServer):
    """Listens on loopback. `asked` has the client of each request, in their order."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self._key = rsa.generate_private_key(65537, 2048)
        self.keys_file = folder / "jwks.json"
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
        self.keys_file.write_text(json.dumps({"keys": [key]}))

    @property
    def url(self) -> str:
        """Where clients ask."""
        return f"http://127.0.0.1:{self.server_port}/token"

    def token(self, client: str) -> str:
        """Return a signed token whose subject is the client."""
        now = int(time.time())
        claims = {"sub": client, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFE_S, "scope": "kafka"}
        signed = f"{_encoded({'alg': 'RS256', 'kid': '1', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{signed}.{_text(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class _Handler(BaseHTTPRequestHandler):
    server: TokenEndpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        credentials = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        client, _, secret = credentials.partition(":")
        self.server.asked.append(client)
        if secret == SECRET:
            token = {"access_token": self.server.token(client), "token_type": "Bearer", "expires_in": LIFE_S}
            self._answer(HTTPStatus.OK, token)
        else:
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})

    def _answer(self, status: HTTPStatus, value: Mapping[str, object]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def token_endpoint(folder: Path) -> Iterator[TokenEndpoint]:
    """Serve tokens during the block."""
    with TokenEndpoint(folder) as endpoint:
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        try:
            yield endpoint
        finally:
            endpoint.shutdown()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _encoded(value: Mapping[str, object]) -> str:
    return _text(json.dumps(value).encode())


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))
