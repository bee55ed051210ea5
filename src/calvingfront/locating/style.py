"""A QGIS style that colours fronts by date and configures the temporal controller."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as xml

from calvingfront.errors import SceneError
from calvingfront.files import PathLike, write_text
from calvingfront.locating.attributes import decimal_year
from calvingfront.locating.located_front import LocatedFront

STYLE_NAME = "by date"
# viridis from 0 to 0.9: its yellow end is invisible on ice.
COLOURS = (
    "#440154", "#482878", "#3e4a89", "#30698e", "#25848e", "#1fa088", "#38b977", "#73d056",
    "#bddf26",
)  # fmt: skip
LINE_MM = 0.4
_WIDE = 1.0  # years beyond the first and last date, so that lines added later have a colour
_MOMENT = 1e-11  # years, 0.3 ms: the start of a day falls into the day's own class


def write_style(fronts: Iterable[LocatedFront], path: PathLike) -> None:
    """Write the style of `style_of` as a .qml file, atomically.

    QGIS automatically loads NAME.qml next to NAME.shp or NAME.parquet. A GeoPackage of
    `write_fronts` contains the style, because QGIS looks for a .qml only next to a GeoPackage with
    a single layer.
    Raises SceneError where there is no front.
    """
    found = list(fronts)
    if not found:
        raise SceneError(path, "would have no date to colour", "Give the fronts of the file.")
    write_text(path, style_of(found))


def style_of(fronts: Iterable[LocatedFront]) -> str:
    """A QGIS style (QML): lines coloured by `DecDate`, from dark (old) to light (new).

    Up to nine dates have one colour each; more are divided into nine classes of equal length. The
    temporal controller shows a front at the moment `acquired` (start included, end excluded). A
    graduated style accepts numbers only (QGIS issue 61767), hence DecDate.
    """
    root = xml.Element("qgis", version="3.28.0", styleCategories="Symbology|Temporal")
    temporal = xml.SubElement(
        root,
        "temporal",
        enabled="1",
        mode="1",  # one moment from a field
        limitMode="0",
        startField="acquired",
        endField="",
        startExpression="",
        endExpression="",
        durationField="",
        durationUnit="min",
        fixedDuration="0",
        accumulate="0",
    )
    fixed = xml.SubElement(temporal, "fixedRange")
    xml.SubElement(fixed, "start")
    xml.SubElement(fixed, "end")
    renderer = xml.SubElement(
        root,
        "renderer-v2",
        type="graduatedSymbol",
        attr="DecDate",
        graduatedMethod="GraduatedColor",
        symbollevels="0",
        enableorderby="0",
        forceraster="0",
    )
    ranges, symbols = xml.SubElement(renderer, "ranges"), xml.SubElement(renderer, "symbols")
    classes = date_classes([front.acquired[:10] for front in fronts])
    for number, (lower, upper, label) in enumerate(classes):
        xml.SubElement(
            ranges,
            "range",
            lower=f"{lower:.12f}",
            upper=f"{upper:.12f}",
            label=label,
            symbol=str(number),
            render="true",
        )
        place = round(number * (len(COLOURS) - 1) / max(1, len(classes) - 1))
        _add_line(symbols, str(number), COLOURS[place])
    xml.SubElement(root, "layerGeometryType").text = "1"  # lines: QGIS refuses it for points
    xml.indent(root)
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + xml.tostring(root, encoding="unicode") + "\n"


def _add_line(symbols: xml.Element, name: str, colour: str) -> None:
    symbol = xml.SubElement(
        symbols, "symbol", name=name, type="line", alpha="1", clip_to_extent="1", force_rhr="0"
    )
    layer = xml.SubElement(
        symbol, "layer", {"class": "SimpleLine", "enabled": "1", "locked": "0", "pass": "0"}
    )
    red, green, blue = bytes.fromhex(colour[1:])
    properties = {
        "line_color": f"{red},{green},{blue},255",
        "line_style": "solid",
        "line_width": str(LINE_MM),
        "line_width_unit": "MM",
        "capstyle": "round",
        "joinstyle": "round",
    }
    options = xml.SubElement(layer, "Option", type="Map")  # for QGIS 3.22 and later
    for key, value in properties.items():
        xml.SubElement(options, "Option", name=key, type="QString", value=value)
    for key, value in properties.items():  # for earlier versions
        xml.SubElement(layer, "prop", k=key, v=value)


def date_classes(days: Iterable[str]) -> list[tuple[float, float, str]]:
    """Classes (lower, upper, label) of decimal years, without gaps, for days (YYYY-MM-DD).

    QGIS assigns a value to the first class that contains it, both limits included.
    """
    dates = sorted(set(days))
    first, last = decimal_year(dates[0]), decimal_year(dates[-1])
    if len(dates) <= len(COLOURS):
        edges = [first - _WIDE, *(decimal_year(day) - _MOMENT for day in dates[1:]), last + _WIDE]
        labels = dates
    else:
        width = (last - first) / len(COLOURS)
        inner = [first + width * k for k in range(1, len(COLOURS))]
        edges = [first - _WIDE, *inner, last + _WIDE]
        shown = [dates[0], *(_day(edge) for edge in inner), dates[-1]]
        labels = [f"{a} – {b}" for a, b in pairwise(shown)]
    return list(zip(edges[:-1], edges[1:], labels, strict=True))


def _day(year: float) -> str:
    start = datetime(int(year), 1, 1, tzinfo=UTC)
    length = datetime(int(year) + 1, 1, 1, tzinfo=UTC) - start
    return f"{start + timedelta(seconds=length.total_seconds() * (year - int(year))):%Y-%m-%d}"
