"""OAUTHBEARER with a real broker: the producer and the aggregator log in by tokens that an OpenID Connect provider gives for their user and secret."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.cassandra.roles import ensure_roles
from adapters.kafka.acls import ensure_acls
from apps.local_stack.parts import Servers, prepare
from devstack.servers import kafka
from devstack.servers.kafka_security import BrokerSecurity
from devstack.servers.server import java_options
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.aggregators import Program, Site
from tests.support.programs import ended, start

from .credentials import password_file
from .recent_trades import entries, recent_trades
from .token_endpoint import AUDIENCE, ISSUER, LIFE_S, SECRET, TokenEndpoint, token_endpoint

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]

OAUTH = "org.apache.kafka.common.security.oauthbearer"

Variables = Callable[[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenEndpoint]:
    with token_endpoint(tmp_path_factory.mktemp("tokens")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def stack(endpoint: TokenEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A secure stack whose broker also takes tokens, beside passwords."""
    properties, keys = BrokerSecurity.properties, endpoint.keys_file.as_uri()

    def with_tokens(self: BrokerSecurity, **where: Any) -> dict[str, str]:
        listener = "listener.name.client.oauthbearer"
        return {
            **properties(self, **where),
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
            f"{listener}.sasl.jaas.config": f"{OAUTH}.OAuthBearerLoginModule required;",
            f"{listener}.sasl.server.callback.handler.class": f"{OAUTH}.OAuthBearerValidatorCallbackHandler",
            f"{listener}.sasl.oauthbearer.jwks.endpoint.url": keys,
            f"{listener}.sasl.oauthbearer.expected.audience": AUDIENCE,
            f"{listener}.sasl.oauthbearer.expected.issuer": ISSUER,
        }

    def with_permission(**options: Any) -> list[str]:
        # A broker reads keys from no other place.
        allowed = "-Dorg.apache.kafka.sasl.oauthbearer.allowed"
        return [*java_options(**options), f"{allowed}.urls={keys}", f"{allowed}.files={endpoint.keys_file}"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BrokerSecurity, "properties", with_tokens)
        patch.setattr(kafka, "java_options", with_permission)
        home = tmp_path_factory.mktemp("oauthbearer")
        with guarded(Stack(name="tokens", home=home, quick_jit=True, secure=True)) as stack:
            patch.undo()
            prepare(stack)
            yield stack


@pytest.fixture
def variables_of(stack: Stack, endpoint: TokenEndpoint, tmp_path: Path) -> Variables:
    """Return the variables of a program that gets its token for a user and a secret."""

    def variables(user: str, secret: str) -> dict[str, str]:
        return {
            **Servers.of(stack, user=user, role="aggregator").variables(),
            "TAPELINE_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "TAPELINE_KAFKA_SASL_TOKEN_ENDPOINT": endpoint.url,
            "TAPELINE_KAFKA_SASL_PASSWORD_FILE": str(password_file(tmp_path, secret)),
        }

    return variables


PRODUCER = ("producer", "--feed", "simulated", "--metrics-port", "0")


def test_a_producer_sends_for_longer_than_a_token_lives(endpoint: TokenEndpoint, variables_of: Variables) -> None:
    endpoint.asked.clear()
    done = ended(start("apps.cli", *PRODUCER, "--duration", str(2 * LIFE_S), **variables_of("producer", SECRET)))
    assert done.returncode == 0, done.stderr
    assert '"unacknowledged": 0' in done.stderr
    assert endpoint.asked.count("producer") >= 2
    assert SECRET not in done.stdout + done.stderr


def test_a_wrong_secret_ends_the_producer_with_the_reason(variables_of: Variables) -> None:
    done = ended(start("apps.cli", *PRODUCER, **variables_of("producer", "another-secret")))
    assert done.returncode == 1
    assert "invalid_client" in done.stderr.splitlines()[-1]
    assert "another-secret" not in done.stdout + done.stderr


def test_a_user_without_rights_is_refused(variables_of: Variables) -> None:
    done = ended(start("apps.cli", *PRODUCER, **variables_of("watchlist", SECRET)))
    assert done.returncode == 1
    assert "the user 'watchlist' has no right on it" in done.stderr.splitlines()[-1]


def test_an_aggregator_reads_by_tokens(
    stack: Stack, endpoint: TokenEndpoint, variables_of: Variables, tmp_path: Path
) -> None:
    site = Site.make("tokens", tmp_path, stack, stack)
    ensure_roles(site.cassandra, {})
    variables = {**variables_of("aggregator", SECRET), "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace}
    sent = recent_trades(500)
    ensure_acls(site.kafka)
    site.send(entries(sent))
    program = Program.start(site, "--once", "--metrics-port", "0", variables=variables)
    assert program.ended() == 0, program.text()
    assert {*site.stored_trades().values()} == {*sent}
    assert "aggregator" in endpoint.asked
    assert SECRET not in program.text()
