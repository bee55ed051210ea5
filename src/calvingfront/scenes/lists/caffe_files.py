"""The image files of a folder in CaFFe's layout, by scene."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from calvingfront.errors import CalvingFrontError, ConfigError, SceneError

PNG = ".png"
IMAGE_SUFFIXES = {PNG, ".tif", ".tiff", ".jpg", ".jpeg", ".jp2", ".bmp", ".gif", ".webp"}


def image_files(folder: Path) -> Iterator[Path]:
    """The image files in a folder and its subfolders, sorted, whatever the case of their suffix.

    Left out is what systems leave behind: names that begin with a dot, and __MACOSX.
    """
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if not hidden and path.suffix.lower() in IMAGE_SUFFIXES:
            yield path


def files_by_scene(
    folder: Path, ending: str, wanted: Callable[[str], bool], faults: list[CalvingFrontError]
) -> dict[str, list[Path]]:
    """The PNG files in a folder and its subfolders, by the scene in their names, SCENE{ending}.png.

    wanted: whether a scene is used. Images of wanted scenes in other formats are faults.
    """
    found: dict[str, list[Path]] = {}
    for path in image_files(folder):
        own = path.stem.lower().endswith(ending)
        name = path.stem[: len(path.stem) - len(ending)] if own else path.stem
        if path.suffix.lower() != PNG:
            if wanted(name):
                faults.append(SceneError(path, "is not a PNG", "Convert it to PNG or remove it."))
        elif not own:
            what = f"does not end in {ending}.png"
            faults.append(SceneError(path, what, f"Name it SCENE{ending}.png or remove it."))
        else:
            found.setdefault(name, []).append(path)
    return found


def absent(
    images: Collection[str],
    glaciers: Sequence[str],
    listed: Collection[str] | None,
    exclude: Collection[str],
) -> list[CalvingFrontError]:
    """Faults for scenes that are listed or excluded but do not exist."""
    faults: list[CalvingFrontError] = []
    for name in sorted(set(listed or ())):
        other_glacier = glaciers and name.split("_")[0] not in glaciers
        if name not in images and name not in exclude and not other_glacier:
            faults.append(
                SceneError(
                    name, "is in split.lists but has no image", "Add the image or exclude it."
                )
            )
    for name in sorted(exclude, key=str):
        if name not in images and name not in (listed or ()):
            faults.append(
                ConfigError(
                    f"source.exclude.{name}",
                    "names no existing scene",
                    "Correct or delete the key.",
                )
            )
    return faults


def zone_faults(scene: str, masks: Sequence[Path], folder: Path) -> list[CalvingFrontError]:
    """What is wrong with the number of a scene's masks of zones, which lie below `folder`."""
    if len(masks) == 1:
        return []
    if masks:
        what = f"has {len(masks)} masks of zones: {' and '.join(map(str, masks))}"
        return [SceneError(scene, what, "Keep one of them.")]
    return [
        SceneError(
            scene,
            "has no mask of zones, which networks.auxiliary asks for",
            f"Add {scene}_zones.png under {folder}, or take zones out of networks.auxiliary.",
        )
    ]
