"""Translate the paper's published split to the names of CaFFe, which includes its images.

    python -m calvingfront.dataset.published_split LISTS CAFFE OUTPUT [--train-too GLACIER …]

LISTS: the folder with train_images.csv, validation_images.csv and test_images.csv, from
https://github.com/VChristlein/PixelwiseDistanceRegression4GlacierSegmentation. CAFFE: the folder
that contains sar_images. OUTPUT: the CSV to write, for `split.lists`. --train-too: glaciers of
which all scenes are added to the training, such as JAC.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from calvingfront.errors import CalvingFrontError, SceneError, SplitError
from calvingfront.files import PathLike, replacing
from calvingfront.scenes.lists.caffe_files import image_files
from calvingfront.scenes.lists.caffe_names import parse_name
from calvingfront.tabular.text_tables import read_table
from calvingfront.vocabulary.subsets import SUBSETS, TRAIN

# CaFFe does not distinguish the two satellites of the TanDEM-X pair.
MISSION_IN_CAFFE = {"TDX": "TSX"}
WHAT = ("glacier", "acquired", "mission", "quality")


def translate_split(
    lists: PathLike, caffe: PathLike, train_too: Sequence[str] = ()
) -> pd.DataFrame:
    """Return (split, published_name, caffe_name), one row for each row of the published lists.

    Scenes are matched by glacier, date, mission and quality; of several matches, one with the
    published resolution is preferred. If CaFFe has none, `caffe_name` is empty. train_too: glaciers
    of which all scenes become training scenes, without a published name.
    Raises SplitError or TableError if a list is missing or a row cannot be read, or CaFFe has no
    scene of a glacier in `train_too`, or the lists have scenes of it.
    """
    known = [parse_name(path.stem) for path in image_files(Path(caffe, "sar_images"))]
    if not known:
        raise SplitError(caffe, "has no images in sar_images", "Give the folder of CaFFe.")
    scenes = pd.DataFrame(known)
    rows = []
    for subset in SUBSETS:
        for image in _images(Path(lists, f"{subset}_images.csv")):
            name, glacier = image.stem, image.parts[-3]
            # Unlike CaFFe's names, the published ones do not contain glacier and orbit.
            wanted = parse_name(f"{glacier}_{name}_0")
            wanted["mission"] = MISSION_IN_CAFFE.get(wanted["mission"], wanted["mission"])
            found = scenes[(scenes[list(WHAT)] == pd.Series(wanted)[list(WHAT)]).all(axis=1)]
            same = found[found["resolution_tag_m"] == wanted["resolution_tag_m"]]
            names = (same if len(same) else found)["scene"].tolist()
            rows.append((subset, f"{glacier}/{name}", names[0] if names else ""))
    for glacier in train_too:
        more = scenes.loc[scenes["glacier"] == glacier, "scene"].tolist()
        listed = any(row[1].startswith(f"{glacier}/") for row in rows)
        if listed or not more:
            what = "is in the published lists" if listed else f"has no scenes in {caffe}"
            others = sorted(set(scenes["glacier"]) - {row[1].split("/")[0] for row in rows})
            raise SplitError(glacier, what, f"Write one of {', '.join(others)}.")
        rows += [(TRAIN, "", scene) for scene in more]
    return pd.DataFrame(rows, columns=["split", "published_name", "caffe_name"])


def _images(path: Path) -> list[PurePosixPath]:
    """Read the images' paths, …/glacier/folder/date_mission_resolution_quality.png."""
    table = read_table(path, ("images",))
    try:
        found = [PurePosixPath(row.cells["images"]) for row in table.sound_rows()]
        for image in found:
            parse_name(f"{image.parts[-3]}_{image.stem}_0")
    except (KeyError, IndexError, SceneError) as error:
        raise SplitError(
            path, f"is not a published list ({error})",
            "Give a list with a column images of paths …/SI/ERS/1996-01-22_ERS_20_3.png.",
        ) from None  # fmt: skip
    return found


def main() -> int:
    """Write the translated split and print how many of its rows were found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", type=Path, help="folder of the three published lists")
    parser.add_argument("caffe", type=Path, help="folder that contains CaFFe's sar_images")
    parser.add_argument("output", type=Path, help="CSV to write")
    parser.add_argument(
        "--train-too", nargs="+", default=[], metavar="GLACIER",
        help="glaciers of which all scenes are added to the training, such as JAC",
    )  # fmt: skip
    options = parser.parse_args()
    try:
        table = translate_split(options.lists, options.caffe, options.train_too)
    except CalvingFrontError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with replacing(options.output) as temporary:
        table.to_csv(temporary, index=False)
    named = table.loc[table["caffe_name"] != "", "caffe_name"]
    print(f"{len(named)} of {len(table)} rows are in CaFFe: {named.nunique()} different scenes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
