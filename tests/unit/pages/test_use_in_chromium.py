"""How the page is used in a real browser: by mouse, finger and keyboard, and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser import Browser
from page_examples import COUNT, fronts_through_time, lines_of


def test_a_click_on_a_front_selects_it_everywhere(browser: Browser) -> None:
    scene = lines_of()[20]
    browser("document.getElementById('to').focus()")
    # Alone on the map, so that no other line lies over it.
    browser("document.getElementById('forth').click()")
    for _ in range(lines_of().index(scene)):
        browser("document.getElementById('forth').click()")
    while browser("calvingfront.shown") != [scene]:
        browser("document.getElementById('forth').click()")
    browser.settled()
    browser.click_on(scene)
    assert browser("calvingfront.selected") == scene
    assert browser.texts("#rows tr[aria-selected=true] td.scene") == [scene]
    assert browser("document.querySelectorAll('#curve circle.chosen').length") == 1
    details = dict(zip(browser.texts("#details dt"), browser.texts("#details dd"), strict=True))
    front = next(front for front in fronts_through_time(COUNT) if front.scene == scene)
    assert details["Scene"] == scene
    assert details["Mean 90 % band"] in (f"± {front.err90_m:.1f} m", f"± {front.err90_m:.0f} m")
    assert details["90 % band"].startswith("± ")
    assert f"Selected \u2068{scene}\u2069" in browser("document.getElementById('live').textContent")
    browser("document.getElementById('none').click()")
    assert browser("calvingfront.selected") is None
    assert browser.texts("#rows tr[aria-selected=true]") == []


def test_a_tap_with_a_finger_selects(browser: Browser, page: Path) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.command("Emulation.setDeviceMetricsOverride", size)
    browser.command("Emulation.setTouchEmulationEnabled", {"enabled": True})
    browser.open(page)
    browser("document.getElementById('forth').click()")
    browser.settled()
    (x, y) = browser("""(() => { const [x, y] = calvingfront.pointOf(calvingfront.drawn[0]);
      const box = document.getElementById("map").getBoundingClientRect();
      return [box.left + x + 15, box.top + y]; })()""")
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
        browser.command("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    browser.settled()
    browser.command("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert browser("calvingfront.selected") == lines_of()[0]


def test_the_table_is_used_by_keyboard_alone(browser: Browser) -> None:
    browser("document.getElementById('glacier').focus()")
    for _ in range(60):
        if browser("document.activeElement.tagName") == "TR":
            break
        browser.pressed("Tab")
    rows = browser.texts("#rows tr:not([hidden]) td.scene")
    assert len(rows) == COUNT
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        browser.pressed(key)
    assert browser("calvingfront.selected") == rows[1]
    browser.pressed("End")
    browser.pressed("Enter")
    assert browser("calvingfront.selected") == rows[-1]
    focused = browser("document.activeElement.getAttribute('aria-selected')")
    assert focused == "true"
    assert "solid" in browser("getComputedStyle(document.activeElement).outlineStyle")
    browser.pressed("Escape")
    assert browser("calvingfront.selected") is None


def test_the_keys_of_the_map_move_zoom_and_select(browser: Browser) -> None:
    browser("document.getElementById('map').focus()")
    before = browser("calvingfront.view")
    browser.pressed("ArrowRight")
    assert browser("calvingfront.view.x") > before["x"]
    browser.pressed("+")
    assert browser("calvingfront.view.scale") == pytest.approx(1.5 * before["scale"])
    browser.pressed("0")
    assert browser("calvingfront.view") == before
    browser.pressed("n")
    browser.pressed("n")
    browser.pressed("p")
    assert browser("calvingfront.selected") == lines_of()[0]


def test_the_arrows_walk_along_the_positions(browser: Browser) -> None:
    browser("document.getElementById('curve').focus()")
    browser.pressed("ArrowRight")
    browser.pressed("ArrowRight")
    assert browser("calvingfront.selected") == fronts_through_time(COUNT)[1].scene


@pytest.mark.parametrize("row", [7, 11, 22])  # ok, without a position, an outlier
def test_a_click_on_a_position_selects_its_front(browser: Browser, row: int) -> None:
    scene = fronts_through_time(COUNT)[row].scene
    browser("document.getElementById('curve').scrollIntoView()")
    place = browser(
        "(() => { const b = document.querySelector(`#curve :not(.bar)[data-row='${arguments[0]}']`)"
        ".getBoundingClientRect(); return [(b.left + b.right) / 2, (b.top + b.bottom) / 2]; })()"
        .replace("arguments[0]", str(row))
    )  # fmt: skip
    browser.clicked(*place)
    assert browser("calvingfront.selected") == scene


def test_a_scene_without_a_line_is_listed_with_its_reason(browser: Browser) -> None:
    browser("document.getElementById('flag').value = 'none'")
    browser("document.getElementById('flag').dispatchEvent(new Event('change'))")
    browser.settled()
    lineless = [front for front in fronts_through_time(COUNT) if not front.lines]
    assert browser.texts("#rows tr:not([hidden]) td.scene") == [front.scene for front in lineless]
    assert set(browser.texts("#rows tr:not([hidden]) td.reason")) == {
        "no pixel exceeds the threshold"
    }
    assert browser("calvingfront.drawn") == []


def test_headings_sort_the_table_both_ways(browser: Browser) -> None:
    button = "document.querySelectorAll('#columns button')[5]"
    known = [f.err90_m for f in fronts_through_time(COUNT) if f.err90_m is not None]
    for order, descending in (("ascending", False), ("descending", True)):
        browser(f"{button}.click()")
        cells = browser.texts("#rows tr:not([hidden]) td:nth-child(6)")
        numbers = [float(cell) for cell in cells[: len(known)]]
        assert numbers == pytest.approx(sorted(known, reverse=descending), abs=0.06)
        assert set(cells[len(known) :]) == {"–"}
        assert browser(f"{button}.parentElement.getAttribute('aria-sort')") == order


def test_a_hidden_row_is_no_stop_of_the_keyboard(browser: Browser) -> None:
    browser("document.getElementById('next').click()")
    first, second = lines_of()[:2]
    browser("document.getElementById('from').focus()")
    browser.pressed("ArrowRight")
    stop = "document.querySelector(`#rows [tabindex='0'] td.scene`).textContent"
    assert browser(stop) == second
    assert browser("document.querySelectorAll(`#rows [tabindex='0']`).length") == 1
    browser("document.getElementById('whole').click()")
    assert browser("calvingfront.selected") == first


@pytest.mark.parametrize("width", [360, 320])
def test_a_phone_needs_no_sideways_scrolling(browser: Browser, page: Path, width: int) -> None:
    size = {"width": width, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.command("Emulation.setDeviceMetricsOverride", size)
    browser.open(page)
    browser.settled()
    browser("document.getElementById('next').click()")
    browser.settled()
    assert browser("window.innerWidth") == width
    assert browser("document.documentElement.scrollWidth") == width
    outside = browser("""[...document.querySelectorAll("button, select, input, canvas, td, dd")]
      .filter((e) => e.offsetParent !== null && !e.closest(".unseen"))
      .filter((e) => e.getBoundingClientRect().right > window.innerWidth + 0.5)
      .map((e) => e.id || e.textContent.slice(0, 20))""")
    assert outside == []
    assert browser("calvingfront.selected") == lines_of()[0]
    assert browser.faults() == []


@pytest.mark.parametrize("width", [340, 1280])
def test_no_front_lies_under_the_buttons_of_the_map(
    browser: Browser, page: Path, width: int
) -> None:
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.command("Emulation.setDeviceMetricsOverride", size)
    browser.open(page)
    browser.settled()
    button = """(() => {
      const [map, all] = ["map", "zoom-all"].map((id) => document.getElementById(id));
      return all.getBoundingClientRect().left - map.getBoundingClientRect().left;
    })()"""
    edges = "calvingfront.drawn.map((scene) => calvingfront.edgeOf(scene))"
    assert max(browser(edges)) < browser(button)


def test_the_first_position_keeps_clear_of_the_axis(browser: Browser) -> None:
    first = "document.querySelector('#curve circle').getBoundingClientRect().left"
    axis = "document.querySelector('#curve line.grid').getBoundingClientRect().left"
    assert browser(first) > browser(axis) + 2


def test_where_the_errors_come_from_is_said_in_words(browser: Browser) -> None:
    browser("document.getElementById('next').click()")
    details = dict(zip(browser.texts("#details dt"), browser.texts("#details dd"), strict=True))
    assert details["Calibrated on"] == "other glaciers: expect larger errors"
