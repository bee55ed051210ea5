"""What the page draws in a real browser: lines, colours, bands, dates, a thousand fronts."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from browser import Browser
from calvingfront.locating.bands import band_around
from calvingfront.pages.page import write_page
from page_examples import GLACIER, fronts_through_time, lines_of, positions_of, write_image


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


def test_bands_of_the_selected_front_are_as_wide_as_its_errors(
    started: Browser, folder: Path
) -> None:
    """Few vertices and wide bands: discs around the vertices and the strips between them count."""
    line = np.array([[0.0, 0.0], [1500.0, 300.0], [1700.0, 1800.0], [1600.0, 4000.0]])
    line += [-2_400_000.0, 1_100_000.0]
    widths = np.outer([150.0, 260.0, 90.0, 320.0], [0.4, 0.8, 1.0])
    front = fronts_through_time(1)[0]
    one = replace(front, lines=[line], vertex_errors_m=[widths], pixel_size_m=20.0)
    write_page([one], folder / "bands.html", backgrounds={})
    started.open(folder / "bands.html")
    started("document.getElementById('next').click()")
    started.settled()
    areas = started("""(() => {
      const canvas = document.getElementById("map"), context = canvas.getContext("2d");
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        count += data[i] - data[i + 1] > 22 || (data[i] === 255 && data[i + 1] === 255);
      }
      return count * (canvas.clientWidth / canvas.width) ** 2;
    })()""")
    scale = started("calvingfront.view.scale")
    band = band_around(one.lines, [widths[:, 2]], one.crs)
    assert areas == pytest.approx(band.area * scale**2, rel=0.018)  # edges are blended


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
