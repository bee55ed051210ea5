"""A product whose scene is to be located, and the map onto which it is geocoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calvingfront.errors import ConfigError, ProductError
from calvingfront.files import PathLike
from calvingfront.products.registry import open_product

WRITE_MAP = """\
Name a file with --map-config that gives CRS and terrain model:
    map:
      crs: EPSG:3031             # projected, in metres
      dem: DEM.tif               # terrain model
      vertical_datum: ellipsoid  # or geoid, with geoid: GEOID.tif
    config/README.md lists all keys"""


@dataclass(frozen=True)
class RadarProduct:
    """A product that has to be geocoded before its front can be located.

    day: YYYY-MM-DD, UTC; moment: of the middle of the image, ISO, UTC. files: all that it reads.
    chart: the section `map` of the configuration, with its defaults.
    """

    path: Path
    mission: str
    day: str
    moment: str
    format: str
    files: tuple[Path, ...]
    chart: Mapping[str, Any] = field(repr=False)
    polarisation: str | None = None
    orbit_file: Path | None = None


def no_map(products: Sequence[str]) -> ConfigError:
    """The fault of products that cannot be geocoded, because no map is given."""
    first = ", ".join(products[:3]) + (" …" if len(products) > 3 else "")
    kind = "is a radar product" if len(products) == 1 else f"are {len(products)} radar products"
    return ConfigError(first, f"{kind}, which must be geocoded, but no map is given", WRITE_MAP)


def open_radar_product(
    path: Path,
    chart: Mapping[str, Any] | None,
    *,
    mission: str | None = None,
    acquired: str | None = None,
    polarisation: str | None = None,
    orbit_file: PathLike | None = None,
) -> RadarProduct:
    """Read the headers of a product.

    mission, acquired (YYYY-MM-DD): as the user gives them; the product must agree.
    Raises ConfigError without a chart, ProductError if the product is damaged or contradicts.
    """
    if chart is None:
        raise no_map([path.name])
    opened = open_product(path, polarisation)
    day = opened.acquired.date().isoformat()
    for what, said, told in (("mission", opened.mission, mission), ("day", day, acquired)):
        if told and told != said:
            raise ProductError(
                path,
                f"has the {what} {said}, but {told} was given",
                f"Leave the {what} out: the product says it.",
            )
    return RadarProduct(
        path=path,
        mission=opened.mission,
        day=day,
        moment=f"{opened.acquired.isoformat()}Z",
        format=f"{opened.format} {opened.level}",
        files=opened.files,
        chart=chart,
        polarisation=polarisation,
        orbit_file=None if orbit_file is None else Path(orbit_file),
    )
