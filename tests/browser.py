"""A headless Chromium in which tests open pages; what it logs and requests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# No request of the browser's own, and no sandbox, because tests may run as root in a container.
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1280,1000",
)  # fmt: skip


class Browser:
    """A driver with the few things that the tests of pages do."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        self.driver.get(page.as_uri())

    def __call__(self, script: str, *arguments: Any) -> Any:
        """Value of a JavaScript expression in the page."""
        return self.driver.execute_script(f"return {script}", *arguments)

    def settled(self) -> None:
        """Wait until two frames have been drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        )

    def pressed(self, key: str) -> None:
        """Press a key where the focus is: a letter, or a name such as ArrowDown."""
        codes = {
            "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Enter": 13,
            "Tab": 9, "Escape": 27, "Home": 36, "End": 35, "PageDown": 34,
        }  # fmt: skip
        event: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if len(key) == 1:
            event["text"] = key
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", {"type": kind, **event})
        self.settled()

    def mouse(self, kind: str, x: float, y: float) -> None:
        """A mouse event (mousePressed, mouseMoved, mouseReleased) at a point of the window."""
        held = {"button": "left", "clickCount": 1, "buttons": 1}
        self.command("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **held})

    def clicked(self, x: float, y: float) -> None:
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)
        self.settled()

    def click_on(self, scene: str) -> None:
        """Click on the middle of a scene's line."""
        place = """(() => {
          const [x, y] = calvingfront.pointOf(arguments[0]);
          const box = document.getElementById("map").getBoundingClientRect();
          return [box.left + x, box.top + y];
        })()"""
        self.clicked(*self(place.replace("arguments[0]", json.dumps(scene))))

    def texts(self, selector: str) -> list[str]:
        """Text of every element that a CSS selector finds."""
        every = "[...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return [str(text) for text in self(every, selector)]

    def command(self, name: str, arguments: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)

    def faults(self) -> list[str]:
        """Messages of the console since the last call."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses requested since the last call, without data in the page itself."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(str(message["params"]["request"]["url"]))
        return [address for address in found if not address.startswith("data:")]


@contextmanager
def chromium(profile: Path, downloads: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile; skip the test where it is not installed."""
    binary = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if binary is None or driver_path is None:
        pytest.skip("chromium or chromedriver is not installed (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    several = "profile.default_content_setting_values.automatic_downloads"
    prefs = {"download.default_directory": str(downloads), several: 1}
    options.add_experimental_option("prefs", prefs)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
