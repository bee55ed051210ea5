"""The style of QGIS: one class for each front, old to new, and the temporal controller."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calvingfront.errors import SceneError
from calvingfront.locating.attributes import ATTRIBUTES, decimal_year
from calvingfront.locating.style import COLOURS, date_classes, style_of, write_style
from front_examples import front


def classes_that_qgis_takes(root: xml.Element, value: float) -> list[int]:
    """QgsGraduatedSymbolRenderer::symbolForValue: limits included, the first one wins."""
    ranges = root.findall("renderer-v2/ranges/range")
    limits = [(float(r.attrib["lower"]), float(r.attrib["upper"])) for r in ranges]
    return [k for k, (lower, upper) in enumerate(limits) if lower <= value <= upper]


def test_each_of_a_few_days_has_its_colour() -> None:
    times = ["2011-03-04", "2011-03-05T23:59:59.999Z", "2011-03-05", "2011-03-06", "2012-02-29"]
    root = xml.fromstring(style_of(front(str(k), acquired=text) for k, text in enumerate(times)))
    found = [classes_that_qgis_takes(root, decimal_year(text))[0] for text in times]
    assert found == [0, 1, 1, 2, 3]
    labels = [r.attrib["label"] for r in root.iter("range")]
    assert labels == ["2011-03-04", "2011-03-05", "2011-03-06", "2012-02-29"]
    lines = [p.attrib["v"] for p in root.iter("prop") if p.attrib["k"] == "line_color"]
    assert lines[0] == "68,1,84,255"
    assert lines[-1] == "189,223,38,255"
    assert len(set(lines)) == 4


@given(st.lists(st.dates(), min_size=1, max_size=40))
def test_every_front_falls_into_a_class_and_later_ones_into_no_earlier(dates: list) -> None:
    days = sorted(str(day) for day in dates)
    classes = date_classes(days)
    assert len(classes) == min(len(set(days)), len(COLOURS))
    assert all(a[1] == b[0] for a, b in pairwise(classes))
    root = xml.fromstring(style_of(front(str(k), acquired=day) for k, day in enumerate(days)))
    found = [classes_that_qgis_takes(root, decimal_year(day))[0] for day in days]
    assert found == sorted(found)
    if len(set(days)) <= len(COLOURS):
        assert [classes[k][2] for k in found] == days


def test_many_days_share_nine_classes_named_by_their_first_and_last_day() -> None:
    days = [f"{year}-01-01" for year in range(2000, 2019)]
    classes = date_classes(days)
    assert [label for _, _, label in classes][::8] == [
        "2000-01-01 – 2002-01-01", "2016-01-01 – 2018-01-01",
    ]  # fmt: skip


def test_the_style_is_one_that_qgis_applies_to_lines_alone() -> None:
    """Geometry type 1 is line (QgsMapLayer::importNamedStyle); mode 1 a moment from a field."""
    text = style_of([front()])
    assert text.startswith("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis ")
    root = xml.fromstring(text)
    assert root.findtext("layerGeometryType") == "1"
    temporal = root.find("temporal")
    assert temporal is not None
    assert (temporal.attrib["enabled"], temporal.attrib["mode"]) == ("1", "1")
    names = {attribute.name: attribute.kind for attribute in ATTRIBUTES}
    assert names[temporal.attrib["startField"]] == "time"
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert renderer.attrib["type"] == "graduatedSymbol"
    assert names[renderer.attrib["attr"]] == "real"
    symbols = [symbol.attrib["name"] for symbol in root.iter("symbol")]
    assert symbols == [r.attrib["symbol"] for r in root.iter("range")]
    assert {s.attrib["type"] for s in root.iter("symbol")} == {"line"}


def test_new_and_old_versions_of_qgis_find_the_same_properties() -> None:
    layer = xml.fromstring(style_of([front()])).find("renderer-v2/symbols/symbol/layer")
    assert layer is not None
    new = {o.attrib["name"]: o.attrib["value"] for o in layer.findall("Option/Option")}
    assert new == {p.attrib["k"]: p.attrib["v"] for p in layer.findall("prop")}


def test_a_style_is_written_whole(tmp_path: Path) -> None:
    write_style([front()], tmp_path / "fronts.qml")
    assert (tmp_path / "fronts.qml").read_text("utf-8") == style_of([front()])
    with pytest.raises(SceneError, match="Give the fronts of the file"):
        write_style([], tmp_path / "none.qml")
    assert [path.name for path in tmp_path.iterdir()] == ["fronts.qml"]
