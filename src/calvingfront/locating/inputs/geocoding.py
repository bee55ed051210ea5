"""Geocode a product as the workflow does, step by step, in a work folder."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from rasterio.errors import NotGeoreferencedWarning, RasterioError

from calvingfront.errors import ConfigError, SceneError
from calvingfront.files import PathLike
from calvingfront.locating.inputs.radar_product import RadarProduct
from calvingfront.locating.model.content import Preprocessing
from calvingfront.locating.new_scenes import NewScene
from calvingfront.orbits.orbit_files import with_orbit_file
from calvingfront.products.delivery.unpacking import unpack_delivery
from calvingfront.products.ingest import ingest_product, open_ingested
from calvingfront.products.registry import open_product
from calvingfront.sar.coverage import footprint
from calvingfront.scenes.places.frames import frame_fault
from calvingfront.vocabulary.kinds import LINEAR

PREFIX = "calvingfront-"


class Work:
    """The folder of unpacked archives and geocoded products; a context manager.

    folder: is made, or must be empty, and is kept. None makes one where the system keeps temporary
    files (TMPDIR), when it is first needed, and removes it at the end.
    Raises SceneError if the folder cannot be used.
    """

    def __init__(self, folder: PathLike | None = None) -> None:
        self.keep = folder is not None
        self._root: Path | None = None
        self._archives: dict[Path, Path] = {}
        if folder is None:
            return
        self._root = Path(folder)
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            is_empty = not any(self._root.iterdir())
        except OSError as error:
            raise SceneError(
                folder, f"cannot be used ({error.strerror})", "Name a new folder."
            ) from None
        if not is_empty:
            raise SceneError(folder, "is not empty", "Name a new folder for --work.")

    def __enter__(self) -> Work:
        """The work itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Remove the folder, unless it is kept."""
        if self._root is not None and not self.keep:
            shutil.rmtree(self._root, ignore_errors=True)

    def unpacked(self, archive: Path) -> Path:
        """The folder with the content of an archive, which is unpacked once.

        Raises SceneError as `unpack_delivery`.
        """
        place = archive.resolve()
        if place not in self._archives:
            folder = self._new("archives", archive.name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            unpack_delivery(archive, folder)
            self._archives[place] = folder
        return self._archives[place]

    @contextmanager
    def ready(
        self, scene: NewScene, threads: int = 1, steps: Preprocessing | None = None
    ) -> Iterator[NewScene]:
        """The scene with its image on the map; a product's files are removed at the end.

        steps: how its sample will be made, if a product may be too large for it.
        Raises CalvingFrontError if a product cannot be geocoded.
        """
        if scene.product is None:
            yield scene
            return
        folder = self._new("scenes", scene.scene)
        try:
            folder.mkdir(parents=True)
            try:
                with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
                    if steps is not None:
                        check_frame(scene.product, scene.scene, scene.glacier, steps)
                    geocode_product(scene.product, scene.glacier, folder, threads)
            except (OSError, RasterioError) as error:
                raise SceneError(
                    scene.scene,
                    f"cannot be geocoded in {folder} ({getattr(error, 'what', error)})",
                    "Check the disk; --work names another folder for intermediate files.",
                ) from None
            image, view = folder / "map.tif", folder / "view.tif"
            yield replace(scene, image=image, view=view, product=None, values=LINEAR, band=None)
        finally:
            if not self.keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _new(self, kind: str, name: str) -> Path:
        """A path, which does not exist yet, with a name of its own."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix=PREFIX))
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".")[:100] or "scene"
        path, number = self._root / kind / plain, 1
        while path.exists():
            number += 1
            path = self._root / kind / f"{plain}-{number}"
        return path


def check_frame(product: RadarProduct, scene: str, glacier: str, steps: Preprocessing) -> None:
    """Raise ConfigError if the glacier has no area and a front of the whole scene is too wide."""
    chart = product.chart
    if glacier in chart["areas"]:
        return
    opened = open_product(product.path, product.polarisation)
    if product.orbit_file is not None:
        opened = with_orbit_file(opened, product.orbit_file)
    frame = footprint(opened, chart["crs"])
    fault = frame_fault(scene, glacier, frame, chart["crs"], steps.size, steps.front_width_px)
    if fault is not None:
        named = "" if glacier else ", and give --glacier GLACIER"
        raise ConfigError(fault.where, fault.what, f"{fault.remedy}{named}")


def geocode_product(product: RadarProduct, glacier: str, folder: Path, threads: int = 1) -> None:
    """Ingest, multilook and geocode a product with the functions of the workflow's rules.

    glacier: whose area of the map is used, if it has one. Writes product.json, intensity.tif and
    .json, map.tif and view.tif to `folder`.
    Raises CalvingFrontError as `ingest_product`, `multilook_area` and `geocode_file`.
    """
    from calvingfront.sar.geocode import geocode_file  # compiled: slow to import
    from calvingfront.sar.intensity_file import write_intensity
    from calvingfront.sar.multilook import multilook_area

    chart, metadata = product.chart, folder / "product.json"
    spacing_m = chart["spacing_m"][product.mission]
    ingest_product(
        product.path,
        metadata,
        product.mission,
        product.day,
        product.polarisation,
        product.orbit_file,
    )
    intensity, area = folder / "intensity.tif", chart["areas"].get(glacier)
    scene = multilook_area(open_ingested(metadata), spacing_m, chart["crs"], area, threads)
    write_intensity(scene, intensity, threads)
    geocode_file(
        intensity=intensity,
        product=metadata,
        dem=chart["dem"],
        geoid=chart["geoid"],
        output=folder / "map.tif",
        view=folder / "view.tif",
        threads=threads,
        crs=chart["crs"],
        spacing_m=spacing_m,
        vertical_datum=chart["vertical_datum"],
        terrain_flattening=chart["terrain_flattening"],
        area=area,
    )
