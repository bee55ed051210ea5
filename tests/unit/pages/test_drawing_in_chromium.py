"""What the page draws in a real browser: lines, colours, bands, dates, a thousand fronts."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from browser import Browser
from calvingfront.locating.bands import band_around
from calvingfront.pages.page import write_page
from page_examples import COUNT, GLACIER, fronts_through_time, lines_of, positions_of, write_image


def test_it_draws_every_line_without_a_fault_or_a_request(started: Browser, page: Path) -> None:
    started.open(page)
    started.settled()
    assert started("calvingfront.drawn") == lines_of()
    assert started("calvingfront.frames") > 0
    assert started.faults() == []
    assert started.requests() == [page.as_uri()]


def test_the_map_has_colours_of_old_and_new_fronts(browser: Browser) -> None:
    """The oldest line has nearly the first colour of the ramp, the newest the last."""
    browser("document.getElementById('image').click()")
    pixel = """((scene) => {
      const canvas = document.getElementById("map");
      const ratio = canvas.width / canvas.clientWidth;
      const [x, y] = calvingfront.pointOf(scene).map((value) => Math.round(value * ratio));
      return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data];
    })(arguments[0])"""
    ends = {"back": [0xBD, 0xDF, 0x26], "forth": [0x44, 0x01, 0x54]}
    browser("document.getElementById('flag').value = 'good'")  # the others may be dashed
    browser("document.getElementById('flag').dispatchEvent(new Event('change'))")
    for button, colour in ends.items():
        browser("document.getElementById('whole').click()")
        while len(browser("calvingfront.shown")) != 1:
            browser("document.getElementById(arguments[0]).click()", button)
        browser.settled()
        (scene,) = browser("calvingfront.drawn")
        assert (
            np.abs(np.array(browser(pixel, scene)[:3]) - colour).max() < 70
        )  # its edges are blended


def test_the_image_lies_under_the_fronts_and_can_be_hidden(browser: Browser) -> None:
    corner = """[...document.getElementById("map").getContext("2d")
      .getImageData(document.getElementById("map").width / 2, 5, 1, 1).data].slice(0, 3)"""
    for _ in range(50):  # the image is decoded in the background
        grey = browser(corner)
        if grey[0] == grey[1] == grey[2]:
            break
        time.sleep(0.1)
    assert grey[0] == grey[1] == grey[2]
    browser("document.getElementById('image').click()")
    browser.settled()
    assert browser(corner) == [0xE7, 0xED, 0xF2]


def test_bands_of_the_selected_front_are_as_wide_as_its_errors(browser: Browser) -> None:
    """Pixels across the line change colour at the half-widths of the bands."""
    front = next(f for f in fronts_through_time(COUNT) if f.quality == "doubtful" and f.lines)
    browser("document.getElementById('image').click()")
    browser("document.getElementById('forth').click()")
    while browser("calvingfront.shown") != [front.scene]:
        browser("document.getElementById('forth').click()")
    browser("document.getElementById('next').click()")
    browser("document.getElementById('map').focus()")
    browser.settled()
    tinted = """(() => {
      const canvas = document.getElementById("map"), context = canvas.getContext("2d");
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        count += data[i] - data[i + 1] > 30 && data[i + 2] - data[i + 1] > 5;
      }
      return count * (canvas.clientWidth / canvas.width) ** 2;
    })()"""
    area_px = browser(tinted)
    scale = browser("calvingfront.view.scale")
    band = band_around(front.lines, [front.vertex_errors_m[0][:, 2]], front.crs)
    # The line and its rim lie within the band; the rim is white.
    length = np.hypot(*np.diff(front.lines[0], axis=0).T).sum()
    expected = band.area * scale**2 - length * scale * (6.5 - 3.5)
    assert area_px == pytest.approx(expected, rel=0.08)


def test_the_handles_of_the_date_choose_which_fronts_are_drawn(browser: Browser) -> None:
    every = lines_of()
    browser("document.getElementById('from').focus()")
    for _ in range(3):
        browser.pressed("ArrowRight")
    assert browser("calvingfront.drawn") == every[3:]
    browser("document.getElementById('to').focus()")
    browser.pressed("ArrowLeft")
    assert browser("calvingfront.drawn") == every[3:-1]
    assert browser("document.getElementById('from').getAttribute('aria-valuetext')") == "2012-10-09"
    browser("document.getElementById('whole').click()")
    browser.settled()
    assert browser("calvingfront.drawn") == every
    dragged = browser("""(() => { const handle = document.getElementById('to');
      handle.value = 15800; handle.dispatchEvent(new Event('input')); return handle.value; })()""")
    assert float(dragged) == 15800  # 2013-04-05
    browser.settled()
    assert browser("calvingfront.drawn") == [scene for scene in every if scene[3:13] < "2013-04-05"]


def test_steps_show_one_date_after_the_other(browser: Browser) -> None:
    for scene in lines_of()[:3]:
        browser("document.getElementById('forth').click()")
        browser.settled()
        assert browser("calvingfront.drawn") == [scene]
    browser("document.getElementById('back').click()")
    browser.settled()
    assert browser("calvingfront.drawn") == [lines_of()[1]]


def test_playing_ends_at_the_last_date(browser: Browser) -> None:
    browser("document.getElementById('glacier').value = 1")
    browser("document.getElementById('glacier').dispatchEvent(new Event('change'))")
    browser("document.getElementById('play').click()")
    for _ in range(80):
        if browser("document.getElementById('play').textContent") == "Play":
            break
        time.sleep(0.1)
    browser.settled()
    assert browser("calvingfront.drawn") == [f"{lines_of()[4]}_b"]
    assert browser.faults() == []


def test_a_thousand_fronts_load_in_seconds_and_can_be_moved(started: Browser, folder: Path) -> None:
    fronts = fronts_through_time(1000)
    path = folder / "many.html"
    write_page(
        fronts, path, backgrounds={GLACIER: write_image(folder / "image.tif")},
        positions={GLACIER: positions_of(fronts)},
    )  # fmt: skip
    assert path.stat().st_size < 5_000_000
    started.open(path)
    started.settled()
    assert started("calvingfront.drawn.length") == len(lines_of(1000)) > 900
    loaded = started("performance.timing.loadEventEnd - performance.timing.navigationStart")
    assert loaded < 20_000  # 1.5 s on two idle cores; a busy machine may need longer
    before = started("calvingfront.view.x")
    started.mouse("mousePressed", 400, 400)
    for step in range(20):
        started.mouse("mouseMoved", 400 + 5 * step, 400)
    started.mouse("mouseReleased", 500, 400)
    started.settled()
    scale = started("calvingfront.view.scale")
    assert before - started("calvingfront.view.x") == pytest.approx(95 / scale, rel=0.1)
    for _ in range(100):  # the fronts themselves are drawn again after the movement
        if started("calvingfront.layerAt.x") == started("calvingfront.view.x"):
            break
        time.sleep(0.05)
    assert started("calvingfront.layerAt.x") == started("calvingfront.view.x")
    assert started.faults() == []
