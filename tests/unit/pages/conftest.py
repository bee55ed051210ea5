"""One Chromium for all tests of pages, and a page of forty fronts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from browser import Browser, chromium
from calvingfront.pages.page import write_page
from page_examples import COUNT, GLACIER, fronts_through_time, positions_of, write_image


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def running(folder: Path) -> Iterator[Browser]:
    with chromium(folder / "profile", folder) as browser:
        yield browser


@pytest.fixture
def started(running: Browser) -> Browser:
    """Chromium with a wide window, and nothing logged yet."""
    running.command("Emulation.clearDeviceMetricsOverride", {})
    running.faults()
    running.requests()
    return running


@pytest.fixture(scope="session")
def page(folder: Path) -> Path:
    fronts = fronts_through_time(COUNT)
    path = folder / "fronts.html"
    other = [replace(f, scene=f"{f.scene}_b", glacier="Other") for f in fronts[:5]]
    write_page(
        [*fronts, *other],
        path,
        backgrounds={GLACIER: write_image(folder / "image.tif")},
        positions={GLACIER: positions_of(fronts)},
        downloads={"All fronts": "fronts.gpkg"},
    )
    return path


@pytest.fixture
def browser(started: Browser, page: Path) -> Browser:
    started.open(page)
    started.settled()
    return started
