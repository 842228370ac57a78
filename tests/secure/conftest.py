"""One secure stack for all tests here, with topics, tables, ACLs and roles, as `tapeline stack --secure` prepares it."""

from collections.abc import Callable, Iterator

import pytest

from apps.local_stack.parts import Servers, prepare
from devstack.servers.secrets import Secrets
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded


@pytest.fixture(scope="session")
def secure_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A secure stack of one broker and one node."""
    home = tmp_path_factory.mktemp("secure")
    with guarded(Stack(name="tests", home=home, quick_jit=True, secure=True)) as stack:
        prepare(stack)
        yield stack


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
