"""Write one self-contained page: HTML, CSS, JavaScript, lines and images in a single file."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from calvingfront.errors import SceneError
from calvingfront.files import PathLike, write_text
from calvingfront.locating.located_front import LocatedFront
from calvingfront.pages.background import Background
from calvingfront.pages.content import content_of
from calvingfront.pages.positions import Positions

TITLE = "Calving fronts"
# In this order in one script; each uses what the ones before it define.
SCRIPTS = (
    "data.js", "state.js", "colours.js", "paint.js", "map.js", "pointer.js", "time.js",
    "details.js", "curve.js", "table.js", "downloads.js", "main.js",
)  # fmt: skip
# U+2028 and U+2029 end a line in older JavaScript.
_ESCAPES = {c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_FIELD = re.compile(r"\{\{(\w+)\}\}")


def write_page(
    fronts: Sequence[LocatedFront],
    page: PathLike,
    *,
    backgrounds: Mapping[str, PathLike | Background],
    positions: Positions | None = None,
    title: str = TITLE,
    downloads: Mapping[str, str] | None = None,
) -> None:
    """Write a page that shows fronts on maps, through time and in a table.

    The page opens in any browser from a file, and requests nothing: its security policy forbids it.
    fronts:      as `read_fronts` returns them; one map for each glacier, in the CRS of its fronts.
    backgrounds: for glaciers, an 8-bit image around their fronts (GeoTIFF, or `Background`).
    positions:   for glaciers, a table with the columns date (YYYY-MM-DD or date-time), value (m,
                 down-glacier), low and high (ends of the error bar, m; NaN where unknown), flag
                 ("ok", "doubtful", "outlier", "no position"), and optionally scene;
                 `attrs["bars"]` may say what the bars are.
    downloads:   label → path of a file relative to the page.
    Raises SceneError where there is no front, a glacier is unknown, an image or a line cannot be
    used, or a download's path is not relative; PositionError for a table that cannot be used.
    """
    if not fronts:
        raise SceneError(page, "would show no front", "Give at least one scene.")
    content = content_of(fronts, backgrounds, positions)
    content["downloads"] = [
        {"label": label, "href": _relative(target)} for label, target in (downloads or {}).items()
    ]
    content["title"] = title
    write_text(page, _assembled(title, content))


def _assembled(title: str, content: Any) -> str:
    script = '(() => {\n"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS) + "})();\n"
    style = _asset("page.css")
    parts = {
        "policy": (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        "title": html.escape(title),
        "style": style,
        "data": _safe_json(content),
        "script": script,
    }
    return _FIELD.sub(lambda found: parts[found[1]], _asset("page.html"))


def _safe_json(content: Any) -> str:
    """JSON that can neither end its element nor begin another."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(_ESCAPES.get(character, character) for character in text)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _asset(name: str) -> str:
    return (files("calvingfront.pages") / "assets" / name).read_text(encoding="utf-8")


def _relative(target: str) -> str:
    path = PurePosixPath(target)
    if not target or path.is_absolute() or "\\" in target or ":" in path.parts[0]:
        raise SceneError(
            "downloads",
            f"{target!r} is not a path relative to the page",
            "Write one like fronts.gpkg.",
        )
    return quote(target)
