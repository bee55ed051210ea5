"""Ingest a product: open it, check it and write its metadata."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from calvingfront.errors import Faults, ProductError
from calvingfront.files import PathLike
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.products.checks import check_product
from calvingfront.products.product_json import read_product_json, write_product_json
from calvingfront.products.registry import open_product
from calvingfront.radar.model import Product
from calvingfront.storage.sealed import read_record

log = logging.getLogger(__name__)
REMEDY = "Fetch the product again, or leave the scene out with a reason (source.exclude)."


def ingest_product(
    product: PathLike,
    output: PathLike,
    mission: str,
    acquired: str,
    polarisation: str | None = None,
    orbit_file: PathLike | None = None,
) -> None:
    """Check a product and write its metadata as product.json.

    product: a file or folder of any known format, or the record of a simulated product.
    mission, acquired: from the scene table (acquired: YYYY-MM-DD, UTC); the header must agree.
    orbit_file: its state vectors replace the annotated ones.
    Raises Faults with all faults of the product.
    """
    opened = open_product(_resolve(Path(product)), polarisation)
    faults = check_product(opened, orbit_follows=orbit_file is not None)
    if opened.mission != mission:
        what = f"was acquired by {opened.mission}, but the scene table says {mission}"
        faults.append(ProductError(product, what, "Correct the mission in the table."))
    if opened.acquired.date().isoformat() != acquired:
        what = f"was acquired on {opened.acquired:%Y-%m-%d}, but the scene table says {acquired}"
        faults.append(ProductError(product, what, "Correct the date in the table (UTC)."))
    if faults:
        raise Faults(faults, REMEDY)
    if orbit_file is not None:
        from calvingfront.orbits.orbit_files import (
            with_orbit_file,  # slow to import: only if needed
        )

        opened = with_orbit_file(opened, orbit_file)
        # The product's ground points were computed with its own orbit.
        faults = check_product(replace(opened, ground_points=None))
        if faults:
            raise Faults(faults, REMEDY)
    opened = replace(opened, notes=(*opened.notes, orbit_note(opened)))
    write_product_json(output, opened)
    log.info("%s %s, %s × %s px", opened.format, opened.level, *opened.shape)
    for note in opened.notes:
        log.info("%s", note)


def open_ingested(path: PathLike) -> Product:
    """Open the product of a product.json with its pixels; its metadata stay as ingested."""
    ingested = read_product_json(path)
    opened = open_product(ingested.path, ingested.polarisation)
    if opened.shape != ingested.shape:
        raise ProductError(
            ingested.path,
            f"has {opened.shape} pixels, but had {ingested.shape} when it was ingested",
            f"Remove {path} and rerun ingest_product.",
        )
    return replace(ingested, pixels=opened.pixels, ground_points=opened.ground_points)


def orbit_note(product: Product) -> str:
    """How well the state vectors agree with the orbit that is fitted to them."""
    orbit = scene_orbit(product.orbit, product.geometry, product.shape)
    shift = "" if np.isnan(orbit.error_m) else f", which shifts the image by {orbit.error_m:.3f} m"
    return (
        f"state vectors ({product.orbit.source}) lie {orbit.residual_m:.3f} m and "
        f"{orbit.residual_m_s:.4f} m/s from the fitted orbit{shift}"
    )


def _resolve(path: Path) -> Path:
    """Return the product named in a simulated scene's record; any other path unchanged."""
    if path.suffix != ".json" or not path.is_file():
        return path
    return path.parent / str(read_record(path)["product"])
