"""Reading and writing single-band 8-bit images and front masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.files import PathLike, replacing
from calvingfront.geofiles.whole_rasters import read_checked

TOO_DEEP = "Convert it to 8 bit, or use source.kind: images, which scales it."

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def read_grey(path: PathLike, made: bool = False) -> Grey:
    """Read an 8-bit single-band image (PNG or TIFF), (height, width) uint8.

    A colour file is accepted if its colour channels are equal; what is transparent becomes 0. made:
    whether an earlier step of the workflow made the file, which it can do again.
    Raises SceneError if the file is missing, cannot be decoded or is not 8-bit grey;
    DamagedFileError if it was made here and is damaged.
    """
    encoded = _read_bytes(path)
    pixels = None
    if encoded.size:
        pixels = _decode(encoded)
    if made:
        if pixels is None:
            raise DamagedFileError.of(path, f"{encoded.size} bytes that are no image")
        if Path(path).suffix == ".tif":  # OpenCV reads a broken one as well as it can
            return read_checked(path)
    if pixels is None:
        raise SceneError(
            path,
            f"cannot be read as an image ({encoded.size} bytes)",
            "Fetch the file again, or exclude the scene in source.exclude with a reason.",
        )
    if pixels.dtype != np.uint8:
        raise SceneError(path, f"has {pixels.dtype} values instead of 8 bit", TOO_DEEP)
    if pixels.ndim == 3:
        colours = pixels[..., :3]
        transparency = pixels[..., 3] if pixels.shape[2] == 4 else None
        if pixels.shape[2] > 1 and (colours != colours[..., :1]).any():
            raise SceneError(
                path,
                f"is a colour image with {pixels.shape[2]} different channels",
                "Write one grey channel.",
            )
        pixels = colours[..., 0]
        if transparency is not None:
            pixels = np.where(transparency, pixels, 0)
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def check_depth(path: PathLike) -> None:
    """Raise SceneError if a PNG has more than 8 bit, by the 25th byte of its header alone."""
    try:
        with Path(path).open("rb") as file:
            header = file.read(25)
    except OSError:
        return  # told when it is read
    if header.startswith(b"\x89PNG") and header[24:] == b"\x10":
        raise SceneError(path, "has 16 bit values instead of 8 bit", TOO_DEEP)


def read_front(path: PathLike, made: bool = False) -> Mask:
    """Read a front mask, (height, width) bool; the brighter half of the file's range is front."""
    return front_pixels(read_grey(path, made))


def front_pixels(mask: Grey) -> Mask:
    """The front of a grey mask: both 0/1 and 0/255 masks are in use."""
    return np.asarray(mask > mask.max(initial=0) // 2, dtype=np.bool_)


def write_png(path: PathLike, pixels: Grey) -> None:
    """Write an 8-bit image, atomically."""
    # In memory first: of a full disk, OpenCV says nothing.
    _, encoded = cv2.imencode(".png", pixels)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded.data)


def _decode(encoded: npt.NDArray[np.uint8]) -> npt.NDArray[Any] | None:
    # OpenCV would print a warning for each tag of a GeoTIFF that it does not know.
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    except cv2.error:  # a header with an impossible size
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)


def _read_bytes(path: PathLike) -> npt.NDArray[np.uint8]:
    # Decoding from memory keeps OpenCV from printing its own warnings about a missing file.
    try:
        return np.frombuffer(Path(path).read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise SceneError(
            path,
            f"cannot be opened ({error.strerror})",
            "Check the path, or exclude the scene in source.exclude with a reason.",
        ) from None
