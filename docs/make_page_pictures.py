"""Draw docs/images/page_desktop.webp and page_phone.webp: a page of fronts as a browser shows it.

    python docs/make_page_pictures.py PAGE.html [OUTPUT_FOLDER]

PAGE is written by `calvingfront page`. It needs chromium, chromedriver and selenium. The front in
the middle of the page's dates is selected in both pictures.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

IMAGES = Path(__file__).resolve().parent / "images"
MOST_BYTES = 200_000
# Width and height in CSS pixels, pixels per CSS pixel, and whether it is a phone.
SCREENS = {"desktop": (1280, 1180, 1, False), "phone": (360, 1180, 1.5, True)}


def main() -> None:
    page = Path(sys.argv[1]).resolve()
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else IMAGES
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(option)
        options.add_argument(f"--user-data-dir={profile}")
        driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver") or "")
        )
        try:
            for name, screen in SCREENS.items():
                save(picture(driver, page, *screen), folder / f"page_{name}.webp")
        finally:
            driver.quit()


def picture(
    driver: Any, page: Path, width: int, height: int, density: float, phone: bool
) -> Image.Image:
    """The page in a window of this size, with a front selected."""
    size = {"width": width, "height": height, "deviceScaleFactor": density, "mobile": phone}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(page.as_uri())
    count = driver.execute_script("return calvingfront.shown.length")
    for _ in range(count // 2):
        driver.execute_script("document.getElementById('next').click()")
    driver.execute_script("window.scrollTo(0, 0)")
    time.sleep(1)
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")


def save(image: Image.Image, path: Path) -> None:
    """Write a WebP of at most MOST_BYTES, at the best quality that fits."""
    for quality in range(92, 30, -4):
        drawn = io.BytesIO()
        image.save(drawn, "WEBP", quality=quality, method=6)
        if drawn.tell() <= MOST_BYTES:
            break
    path.write_bytes(drawn.getvalue())
    print(path, drawn.tell(), "bytes, quality", quality)


if __name__ == "__main__":
    main()
