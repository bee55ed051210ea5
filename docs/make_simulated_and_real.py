"""Draw docs/images/simulated_and_real.png: real CaFFe images above simulated ones, per mission.

    python docs/make_simulated_and_real.py FOLDER RESULTS [OUTPUT]

FOLDER is a CaFFe folder (sar_images/, fronts/) with the glaciers SI and DBE. RESULTS is the results
folder of the default run, with its geocoded simulated products. The script prints grey-level
quantiles of both collections, which show whether the scaling to 8 bit is similar.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.files import replacing
from calvingfront.scenes.pixels import read_front, read_grey

MISSIONS = ("ERS", "ENVISAT", "RSAT", "PALSAR", "TSX")
PAIRS = (("SI", "SIMA"), ("DBE", "SIMB"))
TILE = 204
GREYS = 14  # enough for the eye, and the file stays small
YELLOW = (0, 220, 255)
QUANTILES = (1, 10, 25, 50, 75, 90, 99)


def draw_tile(
    image: npt.NDArray[np.uint8], front: npt.NDArray[np.bool_], name: str
) -> npt.NDArray[np.uint8]:
    """A square tile with the front as a thin line and the scene's name."""
    tile = cv2.resize(image, (TILE, TILE), interpolation=cv2.INTER_AREA)
    grey = np.rint(tile / 255 * (GREYS - 1)) * (255 / (GREYS - 1))
    colour = cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2BGR)
    rows, columns = np.nonzero(front)
    colour[rows * TILE // image.shape[0], columns * TILE // image.shape[1]] = YELLOW
    colour[:14] = 0
    cv2.putText(colour, name, (3, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.33, (255, 255, 255), 1)
    return cv2.copyMakeBorder(colour, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(90, 90, 90))


def read_real(
    folder: Path, glacier: str, mission: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], str]:
    """Read the middle one of a glacier's real scenes of a mission."""
    files = sorted((folder / "sar_images").rglob(f"{glacier}_*_{mission}_*.png"))
    if not files:
        raise SystemExit(f"error: {folder}: no image of {glacier} by {mission} under sar_images/")
    chosen = files[len(files) // 2]
    front = next((folder / "fronts").rglob(f"{chosen.stem}_front.png"))
    return read_grey(chosen), read_front(front), chosen.stem


def read_simulated(
    results: Path, glacier: str, mission: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], str]:
    """Read the middle one of a glacier's simulated scenes of a mission."""
    scenes = sorted((results / "imported").glob(f"{glacier}_*_{mission}_*"))
    if not scenes:
        raise SystemExit(f"error: {results}: no {glacier} by {mission} under imported/")
    chosen = scenes[len(scenes) // 2]
    return read_grey(chosen / "image.tif"), read_front(chosen / "front.png"), chosen.name


def main(folder: Path, results: Path, output: Path) -> None:
    """Draw the sheet and print the quantiles."""
    sheet = []
    for real_name, simulated_name in PAIRS:
        for read, place, glacier in (
            (read_real, folder, real_name),
            (read_simulated, results, simulated_name),
        ):
            tiles = []
            for mission in MISSIONS:
                image, front, name = read(place, glacier, mission)
                tiles.append(draw_tile(image, front, name))
                small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
                greys = np.percentile(small[small > 0], QUANTILES)
                print(f"{name:32}", *greys.round().astype(int))
            sheet.append(np.hstack(tiles))
    with replacing(output) as temporary:
        cv2.imwrite(str(temporary), np.vstack(sheet), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    target = Path(__file__).with_name("images") / "simulated_and_real.png"
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) == 4 else target)
