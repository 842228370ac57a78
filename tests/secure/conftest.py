"""What the tests of the secure stack share: its secrets, and the variables of its users."""

from collections.abc import Callable

import pytest

from apps.local_stack.parts import Servers
from devstack.servers.secrets import Secrets
from devstack.stack import Stack


@pytest.fixture(scope="session")
def secrets(secure_stack: Stack) -> Secrets:
    """The secrets of the stack."""
    assert secure_stack.secrets is not None
    return secure_stack.secrets


@pytest.fixture(scope="session")
def variables_of(secure_stack: Stack) -> Callable[..., dict[str, str]]:
    """Return the variables of a program that is a user of Kafka and a role of Cassandra."""

    def variables(user: str = "monitoring", role: str = "query") -> dict[str, str]:
        return Servers.of(secure_stack, user=user, role=role).variables()

    return variables
