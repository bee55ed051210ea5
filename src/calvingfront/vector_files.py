"""Vector files with the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Replaces the time of writing.
NO_TIME = "1970-01-01T00:00:00.000Z"


@contextmanager
def without_clock() -> Iterator[None]:
    """Make GDAL write NO_TIME, or the time the user has set, as `last_change`, not the present."""
    import pyogrio  # slow to import, and `position` reads tables without it

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before or NO_TIME})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
