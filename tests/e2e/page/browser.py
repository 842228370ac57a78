"""A real Chromium for the tests of the page, headless, with a profile of its own and nothing that talks to the outside."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.needs import path_of
from tests.support.timeouts import scaled

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT_S = 20.0
"""On a machine of usual speed."""
NOTHING_YET = "\u2013"
OUTAGE = (
    "net::ERR_CONNECTION_REFUSED",
    "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
    "net::ERR_CONNECTION_RESET",
    "net::ERR_EMPTY_RESPONSE",
)
"""What a browser itself says while the server is away."""

T = TypeVar("T")


class Page:
    """The live page in a browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Open it in a viewport of this size, and wait for prices."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(url)
        self.until(lambda: self.text("last-price") not in {"", NOTHING_YET}, "a price is shown")

    def text(self, element_id: str) -> str:
        """What an element says."""
        return str(self.run("return document.getElementById(arguments[0]).textContent", element_id))

    def run(self, script: str, *args: object) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *args)

    def all(self, selector: str) -> list[WebElement]:
        """The elements of a selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def row(self, symbol: str) -> WebElement:
        """A row of the watchlist."""
        return self.driver.find_element(By.CSS_SELECTOR, f'#watchlist [data-symbol="{symbol}"]')

    def until(self, condition: Callable[[], T], what: str, timeout_s: float = WAIT_S) -> T:
        """Return the condition when it is true. Raise AssertionError after the timeout, which is scaled for this machine."""
        end_s = time.monotonic() + scaled(timeout_s)
        while True:
            if found := condition():
                return found
            if time.monotonic() > end_s:
                raise AssertionError(f"never came: {what}; the console said {self.console()}")
            time.sleep(0.05)

    def console(self, *, outage: bool = False) -> list[str]:
        """Return the console since the last call, without the browser's own pages; of an outage, without what the browser says about it."""
        lines = [str(line["message"]) for line in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        ignored = ("chrome://", *(OUTAGE if outage else ()))
        return [line for line in lines if not any(word in line for word in ignored)]

    def chart_pixels(self) -> bytes:
        """The chart as it is drawn, as PNG."""
        return bytes(self.driver.find_element(By.ID, "chart").screenshot_as_png)


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Start a browser with this new profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = path_of("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(path_of("chromedriver")))
    try:
        yield Page(driver)
    finally:
        driver.quit()
