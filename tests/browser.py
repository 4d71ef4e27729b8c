"""A real browser for tests: Debian's Chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
#: no sandbox of its own (we may be root), no GPU, and nothing sent anywhere but to the page under test
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def in_browser(untested: str) -> list[pytest.MarkDecorator]:
    """Marks for a module's tests. `untested` says what nobody has seen when BROWSER=0 skips them."""
    reason = f"BROWSER=0: not tested in a real browser: {untested}"
    return [pytest.mark.browser, pytest.mark.skipif(os.environ.get("BROWSER") == "0", reason=reason)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser until the block ends. Without one the test fails and says how to get it."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing. What to do: apt-get install chromium (or BROWSER=0 to do without)")
    expect.set_options(timeout=30_000)  # a busy machine's page takes its time
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """Log in to Airflow through its own login page; `page` then shows Airflow's home."""
    page.goto(url)
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url(lambda address: "/auth/" not in address)
