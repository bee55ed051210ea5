"""The commands `calvingfront locate` and `calvingfront export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

# Exit statuses of `locate`, beside 0 (all located) and 1 (nothing done).
SOME_FAILED = 3

LOCATE = "locate the calving fronts of new geocoded images with a model"
ABOUT_LOCATE = """\
Locates the calving fronts of geocoded images (GeoTIFF in projected metres, or PNG with a pixel
size) and writes them as a GeoPackage for QGIS: lines in the CRS of the images, with date, mission
and model. An image without a line keeps its row, with the reason. Mission and day come from the
options, from a table, or from names like CaFFe's (SI_1996-01-22_ERS_20_3_109); they are never
guessed. Exit status: 0 all images read, 3 some could not be used, 1 none, 2 wrong options."""
EXPORT = "make a model folder of one or several trained networks"
ABOUT_EXPORT = """\
Makes one folder that says everything of a model: weights, preprocessing, threshold, errors,
scores, training data, licence; as model.json and as README.md. Several runs become an ensemble.
Each network predicts the validation and test scenes in eight orientations: the mean gives the
lines, the spread their errors, which are calibrated on the validation scenes and checked on the
test scenes."""


def add_commands(commands: Any) -> None:
    """Add the commands and their options to the subparsers of `calvingfront`."""
    raw = argparse.RawDescriptionHelpFormatter
    locate = commands.add_parser(
        "locate", help=LOCATE, description=ABOUT_LOCATE, formatter_class=raw
    )
    add = locate.add_argument
    add("images", nargs="*", metavar="IMAGE", help="images, or folders of images")
    add("--table", help="CSV with the columns scene, glacier, mission, acquired, image")
    add("--model", required=True, help="model folder (made by calvingfront export)")
    add(
        "--output", required=True, action="append", metavar="FILE",
        help="GeoPackage (.gpkg), GeoParquet (.parquet) or Shapefile (.shp) to write (repeat it)",
    )  # fmt: skip
    add("--mission", help="of all images given, such as TSX")
    add("--acquired", help="day of the image given, YYYY-MM-DD (UTC)")
    add("--glacier", help="of all images given")
    add("--pixel-size-m", type=float, help="of images without a map position, m")
    add("--crs", help="CRS of the file, such as EPSG:3413; needed if the images are in several")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    add("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")

    export = commands.add_parser(
        "export", help=EXPORT, description=ABOUT_EXPORT, formatter_class=raw
    )
    add = export.add_argument
    add("runs", nargs="+", metavar="RUN", help="RESULTS/models/MODEL/LOSS/seedN")
    add("--output", required=True, help="folder to write")
    add("--licence", required=True, help="licence of the weights, such as CC-BY-4.0")
    add("--data", required=True, help="what it was trained on, with its citation")
    add("--title", default="", help="name of the model")
    add(
        "--orientations", type=int, default=8, choices=range(1, 9), metavar="1…8",
        help="in which each network predicts an image (default: %(default)s)",
    )  # fmt: skip
    add("--held-out", metavar="DIR", help="folder for the held-out scenes' fronts and errors")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    add("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")


def run_export(options: argparse.Namespace) -> int:
    """Run `export`; return the exit status."""
    from calvingfront.locating.model_folder import export_model

    export_model(
        options.runs, options.output, licence=options.licence, data=options.data,
        title=options.title, orientations=options.orientations, held_out=options.held_out,
        device=options.device, threads=options.threads,
    )  # fmt: skip
    print(Path(options.output) / "README.md")
    return 0


def run_locate(options: argparse.Namespace) -> int:
    """Run `locate`; return the exit status."""
    from calvingfront.errors import SceneError
    from calvingfront.locating.model_folder import read_model

    model = read_model(options.model)
    from calvingfront.locating.new_scenes import find_images, read_table_of_scenes, scene_of

    if not options.images and not options.table:
        raise SceneError("calvingfront locate", "got no image", "Name images, folders or --table.")
    images, faults = find_images(options.images)
    if options.acquired and len(images) > 1:
        raise SceneError(
            "--acquired", f"holds for one image, not for {len(images)}", "List them in a table."
        )
    scenes = []
    for image in images:
        try:
            scenes.append(
                scene_of(
                    image, options.mission, options.acquired, options.glacier, options.pixel_size_m
                )
            )
        except SceneError as error:
            faults.append(error)
    if options.table:
        scenes += read_table_of_scenes(options.table)
    from calvingfront.locating.locate import locate_fronts

    found = locate_fronts(
        scenes, model, options.output, options.crs, options.device, options.threads
    )
    broken = [*faults, *found.faults.values()]
    lines = sum(bool(front.lines) for front in found.fronts)
    doubtful = sum(front.quality == "doubtful" for front in found.fronts)
    print(
        f"{lines} fronts ({doubtful} of them doubtful), {len(found.fronts) - lines} images without "
        f"a front, {len(broken)} images that could not be used"
    )
    for fault in broken:
        print(f"  {fault}")
    if found.fronts:
        print("\n".join(options.output))
    if not broken:
        return 0
    return SOME_FAILED if found.fronts else 1
