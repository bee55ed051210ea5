"""What is known of each image and product found: mission, day, glacier, name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.locating.inputs.finding import Found, find_product
from calvingfront.locating.inputs.radar_product import no_map, open_radar_product
from calvingfront.locating.new_scenes import NewScene, checked_day, scene_of
from calvingfront.scenes.places.names import check_area_name


@dataclass(frozen=True)
class Said:
    """What the user says of all scenes; None where nothing is said.

    chart: the section `map` of the configuration, for products. values, band: of images, see
    `read_new_image`.
    """

    mission: str | None = None
    acquired: str | None = None
    glacier: str | None = None
    pixel_size_m: float | None = None
    polarisation: str | None = None
    orbit_file: Path | None = None
    chart: Mapping[str, Any] | None = None
    values: str | None = None
    band: str | None = None

    def check(self, found: Sequence[Found]) -> None:
        """Raise SceneError where something said cannot hold for these scenes."""
        products = sum(each.format is not None for each in found)
        if self.acquired:
            checked_day(self.acquired, "--acquired")
            _for_one("--acquired", len(found), "scene")
        if self.orbit_file is not None:
            _for_one("--orbit-file", products, "product")
            _existing_orbit_file(self.orbit_file)
        if found and products == len(found) and (self.values or self.band):
            option = "--values" if self.values else "--band"
            raise SceneError(option, "is for images, but there are products only", "Leave it out.")
        if found and not products and (self.polarisation or self.orbit_file):
            option = "--polarisation" if self.polarisation else "--orbit-file"
            raise SceneError(option, "is for products, but there is none", "Leave it out.")


def scenes_of(found: Sequence[Found], said: Said) -> tuple[list[NewScene], list[CalvingFrontError]]:
    """The scenes of what was found, with a fault for each that cannot be used.

    A product of several files that was found by more than one of them is one scene.
    Raises SceneError as `Said.check`.
    """
    said.check(found)
    scenes: list[NewScene] = []
    faults: list[CalvingFrontError] = []
    seen: dict[tuple[Path, ...], Path] = {}
    products = [each for each in found if each.format is not None]
    if products and said.chart is None:
        faults.append(no_map([each.name for each in products]))
        found = [each for each in found if each.format is None]
    for each in found:
        try:
            scene = _scene_of(each, said)
        except CalvingFrontError as error:
            faults.append(error)
            continue
        first = seen.setdefault(scene.product.files, each.path) if scene.product else each.path
        if first == each.path:
            scenes.append(scene)
    return scenes, faults


def _scene_of(each: Found, said: Said) -> NewScene:
    if each.format is None:
        scene = scene_of(
            each.path, said.mission, said.acquired, said.glacier, said.pixel_size_m, each.name
        )
        return replace(scene, values=said.values, band=said.band)
    return product_scene(each, each.name, said)


def product_scene(found: Found, name: str, said: Said) -> NewScene:
    """The scene of a product, whose header gives mission and date-time.

    Raises CalvingFrontError as `open_radar_product`; ConfigError if an area of the map has
    the glacier's name but for its case or blanks.
    """
    glacier = said.glacier or ""
    check_area_name(glacier, (said.chart or {}).get("areas", {}))
    product = open_radar_product(
        found.path,
        said.chart,
        mission=said.mission,
        acquired=checked_day(said.acquired, "--acquired") if said.acquired else None,
        polarisation=said.polarisation,
        orbit_file=said.orbit_file,
    )
    return NewScene(
        scene=name,
        glacier=glacier,
        mission=product.mission,
        acquired=product.moment,
        image=found.path,
        orbit=found.name,
        product=product,
    )


def product_of_row(path: Path, name: str, said: Said, unpacked: Callable[[Path], Path]) -> NewScene:
    """The scene of a product that a table names: a file, a folder or an archive with one product.

    Raises CalvingFrontError if it cannot be used.
    """
    if said.orbit_file is not None:
        _existing_orbit_file(said.orbit_file)
    return product_scene(find_product(path, unpacked), name, said)


def _for_one(option: str, count: int, what: str) -> None:
    if count > 1:
        raise SceneError(
            option, f"holds for one {what}, not for {count}", "List them in a table (--table)."
        )


def _existing_orbit_file(path: Path) -> None:
    if not path.is_file():
        raise SceneError(path, "is not a file", "Correct the path of the orbit file.")
