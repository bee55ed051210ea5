"""The file of a page, positions for it, and the command that writes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront import pages
from calvingfront.cli import main
from calvingfront.errors import PositionError, SceneError
from calvingfront.locating.vectors import write_fronts
from calvingfront.pages.background import Background
from calvingfront.pages.draw import backgrounds_of, draw_page
from calvingfront.pages.page import write_page
from calvingfront.pages.positions import read_positions
from front_examples import empty, front, full, on_image
from page_examples import GLACIER, fronts_through_time, positions_of, write_image


def content(page: Path) -> Any:
    text = page.read_text(encoding="utf-8")
    (found,) = re.findall(
        r'<script type="application/json" id="content">(.*?)</script>', text, re.S
    )
    return json.loads(found)


def test_the_same_fronts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_page([full(), front(), empty(), on_image()], tmp_path / name, backgrounds={})
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_page_names_no_address(tmp_path: Path) -> None:
    write_page([full()], tmp_path / "a.html", backgrounds={})
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text
    assert "unsafe" not in text


def test_what_a_page_says_of_a_front_is_what_the_front_says(tmp_path: Path) -> None:
    write_page([full()], tmp_path / "a.html", backgrounds={})
    (shown,) = content(tmp_path / "a.html")["maps"][0]["fronts"]
    one = full()
    assert shown["scene"] == one.scene
    assert shown["acquired"] == one.acquired
    assert shown["time"] == pytest.approx(15399 + (6 * 3600 + 7 * 60 + 8.123) / 86400, abs=1e-6)
    facts = shown["facts"]
    for name in (
        "quality", "reason", "error_m", "err90_m", "err_geo_m", "err_method", "err_calib", "model",
    ):  # fmt: skip
        assert facts[name] == getattr(one, name)
    assert facts["Author"] == one.author
    assert facts["ImageID"] == one.orbit


def test_no_name_can_end_the_data(tmp_path: Path) -> None:
    names = "</script ><!-- ]]> \u2028 & {{script}}"
    write_page([front(names, glacier=names)], tmp_path / "a.html", backgrounds={}, title=names)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    data = text.partition('id="content">')[2].partition("</script>")[0]
    assert not set("<>&\u2028") & set(data)
    assert content(tmp_path / "a.html")["maps"][0]["fronts"][0]["scene"] == names


@pytest.mark.parametrize(
    "href", ["", "/data/fronts.gpkg", "javascript:alert(1)", "https://x.org/f", "a\\b", "C:fronts"]
)
def test_only_a_relative_path_can_be_linked(tmp_path: Path, href: str) -> None:
    with pytest.raises(SceneError, match="is not a path relative to the page"):
        write_page([front()], tmp_path / "a.html", backgrounds={}, downloads={"x": href})


def test_what_has_no_scene_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="would show no front"):
        write_page([], tmp_path / "a.html", backgrounds={})
    with pytest.raises(SceneError, match=r"background: is given for 'X', .* one of: 'DBE'"):
        write_page([front()], tmp_path / "a.html", backgrounds={"X": "image.tif"})
    with pytest.raises(SceneError, match="positions: is given for 'X'"):
        write_page([front()], tmp_path / "a.html", backgrounds={}, positions={"X": pd.DataFrame()})
    assert not list(tmp_path.iterdir())


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as in WCAG 2.2."""
    found = []
    for colour in (one, other):
        parts = np.array(list(bytes.fromhex(colour[1:]))) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        found.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(found) + 0.05) / (min(found) + 0.05)


def test_text_has_enough_contrast_in_the_light_and_in_the_dark() -> None:
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)  # WCAG's own example
    css = (Path(pages.__file__).parent / "assets" / "page.css").read_text(encoding="utf-8")
    themes = [dict(re.findall(r"--([a-z-]+): (#\w{6})", part)) for part in css.split("@media")[:2]]
    assert len(themes[0]) == len(themes[1]) == 9
    for theme in themes:
        for text in ("ink", "soft", "accent"):
            for behind in ("paper", "field"):
                assert contrast(theme[text], theme[behind]) >= 4.5, (text, behind)
        assert contrast(theme["ink"], theme["chosen-paper"]) >= 4.5
        assert contrast(theme["chosen"], theme["paper"]) >= 3


def table(**columns: Any) -> pd.DataFrame:
    usual: dict[str, Any] = {
        "date": ["2011-03-04", "2011-03-05", "2012-01-01"], "value": [1.0, 2.0, np.nan],
        "low": [0.5, np.nan, np.nan], "high": [1.5, np.nan, np.nan],
        "flag": ["ok", "doubtful", "no position"],
    }  # fmt: skip
    return pd.DataFrame({**usual, **columns})


def test_positions_are_linked_by_scene_or_else_by_their_only_day(tmp_path: Path) -> None:
    fronts = [
        front("a"), front("b", acquired="2011-03-05T01:00:00Z"),
        front("c", acquired="2011-03-05T02:00:00Z"), front("d", acquired="2013-01-01"),
    ]  # fmt: skip
    write_page(fronts, tmp_path / "a.html", backgrounds={}, positions={"DBE": table()})
    rows = content(tmp_path / "a.html")["maps"][0]["positions"]
    assert [row["front"] for row in rows] == [0, None, None]
    assert [row["value"] for row in rows] == [1, 2, None]
    named = table(scene=["d", "c", None])
    write_page(fronts, tmp_path / "a.html", backgrounds={}, positions={"DBE": named})
    rows = content(tmp_path / "a.html")["maps"][0]["positions"]
    assert [row["front"] for row in rows] == [3, 2, None]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (table().drop(columns="low"), "has no column low"),
        (table(flag="good"), "flag 'good' is unknown"),
        (table(low=[1.2, np.nan, np.nan]), "on 2011-03-04 that does not contain its position"),
        (table(value=[np.inf, 2, 3]), "infinite"),
        (table(date=["4 March", "2011", "2012"]), "date: "),
    ],
)
def test_a_table_of_positions_that_cannot_be_drawn_is_refused(
    tmp_path: Path, changed: pd.DataFrame, fault: str
) -> None:
    with pytest.raises(PositionError, match=f"positions of DBE: .*{fault}"):
        write_page([front()], tmp_path / "a.html", backgrounds={}, positions={"DBE": changed})


def test_positions_are_read_from_the_table_of_the_command_position(tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text(
        "scene,glacier,date,position_m,flag,error_m\n"
        "1,A,2011-03-04,100,ok,5\n2,A,2011-03-05,110,doubtful,\n3,B,,,no position,\n"
    )
    found = read_positions(path)
    assert sorted(found) == ["A", "B"]
    assert found["A"]["scene"].tolist() == ["1", "2"]
    assert found["A"]["low"].tolist()[0] == 95
    assert found["A"]["high"].tolist()[0] == 105
    assert found["A"]["low"].isna().tolist() == [False, True]
    assert len(found["B"]) == 0  # it has no date
    assert found["A"].attrs["bars"] == "stated error"
    columns = "glacier,date,position_m,flag,error_m,low_m,high_m"
    path.write_text(f"{columns}\nA,2011-03-04,9,outlier,1,8,12\n")  # where lines are met
    assert read_positions(path)["A"][["low", "high"]].to_numpy().tolist() == [[8, 10]]
    path.write_text(f"{columns},first_m\nA,2011-03-04,9,outlier,1,8,12,9\n")
    assert read_positions(path)["A"][["low", "high"]].to_numpy().tolist() == [[8, 12]]
    assert read_positions(path)["A"].attrs["bars"] == "90 % interval"
    with pytest.raises(PositionError, match="repeats the glacier 'A'"):
        read_positions([path, path])
    path.write_text("glacier,date\nA,2011-03-04\n")
    with pytest.raises(PositionError, match="has no column position_m, flag"):
        read_positions(path)
    path.write_text("glacier,date,position_m,flag\nA,2011-03-04,far,ok\n")
    with pytest.raises(PositionError, match="position_m: "):
        read_positions(path)


def test_the_command_writes_a_page_of_a_geopackage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fronts = fronts_through_time(6)
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    image = write_image(tmp_path / "image.tif")
    written = positions_of(fronts).rename(columns={"value": "position_m"}).assign(glacier=GLACIER)
    written.to_csv(tmp_path / "positions.csv", index=False)
    page = tmp_path / "fronts.html"
    command = ["page", str(tmp_path / "fronts.gpkg"), "--output", str(page)]
    options = ["--background", f"{GLACIER}={image}", "--positions", str(tmp_path / "positions.csv")]
    assert main([*command, *options, "--title", "A title"]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    found = content(page)
    assert found["title"] == "A title"
    assert found["downloads"] == [{"label": "All fronts, fronts.gpkg", "href": "fronts.gpkg"}]
    assert found["maps"][0]["image"]["name"] == "image.tif"
    assert len(found["maps"][0]["positions"]) == 6
    assert sum("widths" in one for one in found["maps"][0]["fronts"]) == 6
    for wrong, fault in (
        ([*command, "--background", "image.tif"], "names no glacier"),
        ([*command, *options, "--background", f"{GLACIER}=b.tif"], "second image"),
        ([*command, "--background", "B=image.tif"], "has no scene"),
        (["page", "missing.gpkg", "--output", str(page)], "missing.gpkg: does not exist"),
    ):
        assert main(wrong) == 1
        assert fault in capsys.readouterr().err


def sample(path: Path, scene: str, **facts: Any) -> Path:
    meta = {
        "scene": scene, "crs": "EPSG:3031",
        "upper_left_x": -2_404_000.0, "upper_left_y": 1_105_000.0,
        "source_pixel_size_x_m": 12.5, "source_pixel_size_y_m": 12.5,
    }  # fmt: skip
    np.savez(path, meta=np.array(json.dumps({**meta, **facts})))
    return path


def test_the_page_of_a_results_folder_has_the_latest_good_image(tmp_path: Path) -> None:
    fronts = fronts_through_time(6)  # number 3 is doubtful
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    images = [write_image(tmp_path / f"{number}.tif") for number in (1, 2, 3)]
    samples = [sample(tmp_path / f"{n}.npz", fronts[n].scene) for n in (1, 2, 3)]
    draw_page(tmp_path / "fronts.gpkg", images, samples, tmp_path / "pages" / "fronts.html")
    found = content(tmp_path / "pages" / "fronts.html")
    assert found["maps"][0]["image"]["name"] == fronts[2].scene
    assert found["downloads"][0]["href"] == "../fronts.gpkg"
    with pytest.raises(SceneError, match="is given 3 images and 2 samples"):
        draw_page(tmp_path / "fronts.gpkg", images, samples[:2], tmp_path / "fronts.html")


def test_the_image_behind_a_glacier_is_of_its_best_then_latest_scene_with_a_line() -> None:
    images = {name: Background(name) for name in "abcdef"}
    fronts = [
        front("b", acquired="2010-01-01"),
        front("a", acquired="2011-01-01"),
        front("c", acquired="2012-01-01", quality="doubtful"),
        empty("d", acquired="2013-01-01"),
        front("e", acquired="2012-01-01", glacier="Z", quality="doubtful"),
        front("x", acquired="2014-01-01"),  # has no image
    ]
    chosen = backgrounds_of(fronts, images)
    assert {name: image.path for name, image in chosen.items()} == {"DBE": "a", "Z": "e"}
    unjudged = [replace(one, quality=None) for one in fronts[:3]]
    assert backgrounds_of(unjudged, images)["DBE"].path == "c"
