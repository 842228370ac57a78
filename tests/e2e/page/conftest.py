"""One browser for all tests of the page; each test leaves it on an empty page."""

from collections.abc import Iterator

import pytest

from .browser import Page, chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A headless Chromium."""
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """The browser with an empty console."""
    browser.console()
    yield browser
    browser.driver.get("about:blank")
