"""What all tests share: fixtures of real servers, and Hypothesis profiles."""

import os
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all programs that they start as well: then none could be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# In the order of their imports: pytest rewrites the assertions of a plugin before it is imported.
pytest_plugins = [
    "tests.support.timeouts",
    "tests.support.releases",
    "tests.support.needs",
    "tests.support.servers",
    "tests.support.spark",
]

# Shared machines stall: a slow example is no failure. The count of examples is what bounds the time.
settings.register_profile("default", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", parent=settings.get_profile("default"), max_examples=400)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _usual_logs() -> Iterator[None]:
    """Undo what a program that ran in this process set for its logs: it may have silenced what the next test looks for."""
    yield
    structlog.reset_defaults()
