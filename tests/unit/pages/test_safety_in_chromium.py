"""Names of any kind are text, nothing is requested, and saved files hold what is shown."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from browser import Browser
from calvingfront.locating.degrees import WGS84, to_crs
from calvingfront.pages.page import write_page
from page_examples import COUNT, fronts_through_time

HOSTILE = (
    "<script>document.title = 'broken'</script>",
    "</script><img src=x onerror=\"document.title='broken'\">",
    "\"quotes' & <b>bold</b>",
    "line\u2028separator\u2029end",
    "\u202eright to left\u202c",
    "x" * 200,
    "{{script}} ${1} \\u003c",
)


def test_hostile_names_are_shown_as_text(started: Browser, folder: Path) -> None:
    plain = fronts_through_time(len(HOSTILE))
    fronts = [
        replace(
            front, scene=name, glacier="<b>G</b>" + HOSTILE[0], reason=name, orbit=name, author=name
        )
        for front, name in zip(plain, HOSTILE, strict=True)
    ]
    title = HOSTILE[1] + HOSTILE[4]
    write_page(
        fronts,
        folder / "hostile.html",
        backgrounds={},
        title=title,
        downloads={HOSTILE[0]: "a<b>.gpkg"},
    )
    started.open(folder / "hostile.html")
    started.settled()
    assert started.texts("#rows tr:not([hidden]) td.scene") == list(HOSTILE)
    assert started.texts("h1") == [title]
    assert started("document.title") == title
    assert started("calvingfront.glacier") == "<b>G</b>" + HOSTILE[0]
    assert started("document.querySelectorAll('img, b, main script').length") == 0
    for name in HOSTILE:
        started("document.getElementById('next').click()")
        assert name in started.texts("#details dd")
    assert started.texts("#files a") == [HOSTILE[0]]
    assert started("document.querySelector('#files a').getAttribute('href')") == "a%3Cb%3E.gpkg"
    assert started("document.documentElement.scrollWidth <= window.innerWidth")
    assert started.faults() == []
    assert started.requests() == [(folder / "hostile.html").as_uri()]


def test_the_policy_stops_a_script_that_gets_in(browser: Browser) -> None:
    browser.faults()
    browser("""document.body.append(Object.assign(document.createElement("script"),
      { textContent: "document.title = 'broken'" }))""")
    browser("fetch('https://example.invalid/').catch(() => 0)")
    assert browser("document.title") != "broken"
    assert sum("Content Security Policy" in fault for fault in browser.faults()) >= 2


def saved(browser: Browser, folder: Path, name: str) -> str:
    (folder / name).unlink(missing_ok=True)
    browser("document.querySelector(`[data-file='${arguments[0]}']`).click()", name)
    for _ in range(100):
        if (folder / name).exists():
            return (folder / name).read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"{name} was not saved")


def test_the_saved_files_hold_what_is_shown(browser: Browser, folder: Path) -> None:
    browser("document.getElementById('forth').click()")
    front = fronts_through_time(COUNT)[0]
    collection = json.loads(saved(browser, folder, "fronts.geojson"))
    (feature,) = collection["features"]
    assert feature["properties"]["scene"] == front.scene
    assert feature["properties"]["quality"] == "good"
    points = np.array(feature["geometry"]["coordinates"])
    tolerance = feature["properties"]["simplified_m"]
    assert 0.3 < tolerance < 12.5 / 8  # a front fills a screen
    true = front.lines[0]
    back = to_crs(points, WGS84, "EPSG:3031")
    nearest = np.linalg.norm(back[:, None] - true[None], axis=2).min(axis=1)
    assert nearest.max() < 0.02  # vertices are kept, to a centimetre
    assert 2 < len(points) <= len(true)
    rows = list(csv.DictReader(io.StringIO(saved(browser, folder, "scenes.csv"))))
    assert [(row["scene"], row["quality"]) for row in rows] == [(front.scene, "good")]
    rows = list(csv.DictReader(io.StringIO(saved(browser, folder, "positions.csv"))))
    assert len(rows) == COUNT
    assert rows[0]["scene"] == front.scene
    assert browser.faults() == []
    assert browser.requests()[1:] == [] or all(
        address.startswith("blob:file:") for address in browser.requests()
    )
