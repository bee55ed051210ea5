"""The options of the commands `calvingfront locate` and `calvingfront export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.numbers import number, pixel_size
from calvingfront.vocabulary.kinds import KINDS

MOST_THREADS = 4096
LOCATE = "locate the calving fronts of new images or radar products with a model"
ABOUT_LOCATE = """\
Locates the calving fronts of new scenes with a model and writes them to a file for QGIS: lines with
date, mission and model. A scene is a geocoded image, a radar product as the agency delivers it, an
archive of these (.zip, .tar, .tar.gz, .tgz, .gz), or anything of this in a folder.

A product needs --map-config, a file that names the CRS of the map and a terrain model; its header
says mission and date. Of an image, --mission and --acquired or a table say them, or a name like
CaFFe's (SI_1996-01-22_ERS_20_3_109); they are never guessed. A scene without a front keeps its row,
with the reason; one that cannot be used does not stop the others."""
EXAMPLES = """\
Examples:
  calvingfront locate TSX_2011-06-14.tif --mission TSX --acquired 2011-06-14 \\
      --model mymodel --output fronts.gpkg
  calvingfront locate downloads/ S1A_IW_GRDH_1SSH.zip --map-config map.yaml --glacier Jorum \\
      --model mymodel --output fronts.gpkg --output fronts.shp
  calvingfront locate --table scenes.csv --model mymodel --output fronts.parquet --stac

A map.yaml for products (docs/locating.md lists all keys):
  map: {crs: EPSG:3031, dem: DEM.tif, areas: {Jorum: [-2462000, 1417200, -2450000, 1427000]}}

Exit status: 0 all scenes used, 3 some could not be used, 1 none or nothing written, 2 wrong
options."""
EXPORT = "make a model folder of one or several trained networks"
ABOUT_EXPORT = """\
Makes one folder that says everything of a model: weights, preprocessing, threshold, errors,
scores, training data, licence; as model.json and as README.md. Several runs become an ensemble.
Each network predicts the validation and test scenes in eight orientations: the mean gives the
lines, the spread their errors, which are calibrated on the validation scenes and checked on the
test scenes.

--elsewhere names trainings with the same configuration that left a glacier out (split.method
glacier, or lists): what they find there gives the errors of lines on other glaciers than those of
the training. Repeat it for several glaciers, of one or several results folders."""


def add_commands(commands: Any) -> None:
    """Add the commands and their options to the subparsers of `calvingfront`."""
    raw = argparse.RawDescriptionHelpFormatter
    locate = commands.add_parser(
        "locate", help=LOCATE, description=ABOUT_LOCATE, epilog=EXAMPLES, formatter_class=raw
    )
    _add_scenes(locate.add_argument_group("scenes"))
    _add_products(locate.add_argument_group("products"))
    _add_outputs(locate.add_argument_group("model and files"))
    _add_run(locate.add_argument_group("run"))

    export = commands.add_parser(
        "export", help=EXPORT, description=ABOUT_EXPORT, formatter_class=raw
    )
    add = export.add_argument
    add("runs", nargs="+", metavar="RUN", help="RESULTS/models/MODEL/LOSS/seedN")
    add(
        "--elsewhere", nargs="+", action="extend", default=[], metavar="RUN",
        help="trainings like these that left a glacier out",
    )  # fmt: skip
    add("--output", required=True, help="folder to write")
    add("--licence", required=True, help="licence of the weights, such as CC-BY-4.0")
    add("--data", required=True, help="what it was trained on, with its citation")
    add("--title", default="", help="name of the model")
    add(
        "--orientations", type=int, default=8, choices=range(1, 9), metavar="1…8",
        help="in which each network predicts an image (default: %(default)s)",
    )  # fmt: skip
    add("--remarks", default="", metavar="TEXT", help="for the card, as Markdown")
    add("--half", action="store_true", help="write the weights in 16 bits: half the size")
    add("--held-out", metavar="DIR", help="folder for the held-out scenes' fronts and errors")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    add("--threads", type=_threads, default=2, help="CPU threads (default: %(default)s)")


def _add_scenes(group: Any) -> None:
    add = group.add_argument
    add("scenes", nargs="*", metavar="SCENE", help="images, products, archives, folders of these")
    add(
        "--table",
        help="CSV with the columns scene, glacier and either image, mission, acquired or product",
    )
    add("--mission", help="of all scenes given, such as TSX")
    add("--acquired", metavar="DAY", help="day of the scene given, YYYY-MM-DD (UTC)")
    add("--glacier", metavar="NAME", help="of all scenes given; chooses the area in --map-config")
    add("--pixel-size-m", type=_pixel_size, metavar="M", help="of images without a map position")
    add(
        "--values", choices=list(KINDS),
        help="what the values of the images are; by default found by the statistics of speckle",
    )  # fmt: skip
    add("--band", help="band of images with several: number, description or polarisation")
    add(
        "--geolocation-error-m", type=_metres, metavar="M",
        help="of the images' positions; written to the fronts as err_geo_m",
    )  # fmt: skip


def _pixel_size(text: str) -> float:
    try:
        return pixel_size(text)
    except Unreadable as error:
        raise argparse.ArgumentTypeError(f"{error.what}: {error.remedy}") from None


def _metres(text: str) -> float:
    try:
        value = number(text)
    except Unreadable as error:
        raise argparse.ArgumentTypeError(f"{error.what}: {error.remedy}") from None
    if not 0 <= value < 1e5:
        raise argparse.ArgumentTypeError(f"{text} is not a number of metres")
    return value


def _threads(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_THREADS):
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 to {MOST_THREADS}")
    return int(text)


def _add_products(group: Any) -> None:
    add = group.add_argument
    add("--map-config", metavar="FILE", help="YAML with the section `map`: crs, dem and others")
    add("--polarisation", help="image to read of products with several, such as HH")
    add("--orbit-file", metavar="FILE", help="DORIS, Delft or Sentinel-1 orbit file of the product")
    add(
        "--work", metavar="DIR",
        help="new folder for unpacked archives and geocoded products, which are kept; by default "
        "they are temporary",
    )  # fmt: skip


def _add_outputs(group: Any) -> None:
    add = group.add_argument
    add(
        "--model", metavar="DIR",
        help="model folder, made by calvingfront export, or shipped (the default): the model that "
        "comes with it, trained on real scenes",
    )  # fmt: skip
    add(
        "--output", required=True, action="append", metavar="FILE",
        help="GeoPackage (.gpkg), GeoParquet (.parquet) or Shapefile (.shp) to write (repeat it)",
    )  # fmt: skip
    add("--crs", help="CRS of the file, such as EPSG:3413; needed if the scenes are in several")
    add("--stac", action="store_true", help="also write FILE.json, a STAC item of each file")
    add(
        "--probability", metavar="DIR",
        help="also write the probability of the front of each scene to DIR/SCENE.tif",
    )  # fmt: skip


def _add_run(group: Any) -> None:
    add = group.add_argument
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: %(default)s)")
    add("--threads", type=_threads, default=2, help="CPU threads (default: %(default)s)")
    add("--quiet", action="store_true", help="no line about each scene on standard error")


def run_export(options: argparse.Namespace) -> int:
    """Run `export`; return the exit status."""
    from calvingfront.locating.model_export import export_model

    export_model(
        options.runs, options.output, licence=options.licence, data=options.data,
        title=options.title, orientations=options.orientations, held_out=options.held_out,
        device=options.device, threads=options.threads, half=options.half,
        remarks=options.remarks, elsewhere=options.elsewhere,
    )  # fmt: skip
    print(Path(options.output) / "README.md")
    return 0


def run_locate(options: argparse.Namespace) -> int:
    """Run `locate`; return the exit status."""
    from calvingfront.locating.run import locate  # GDAL: only if needed

    return locate(options)
