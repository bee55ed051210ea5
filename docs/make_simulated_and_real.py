"""Draw docs/images/simulated_and_real.png: real CaFFe images above simulated ones, per mission.

    python docs/make_simulated_and_real.py FOLDER [OUTPUT]

FOLDER is a CaFFe folder (sar_images/, fronts/) with the glaciers SI and DBE. Grey-level quantiles
of both collections are printed: they tell whether the scaling to 8 bit is alike.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.files import replacing
from calvingfront.simulation.archive import plan_scenes
from calvingfront.simulation.render import render_scene
from calvingfront.simulation.world import build_world

MISSIONS = ("ERS", "ENVISAT", "RSAT", "PALSAR", "TSX")
PAIRS = (("SI", "SIMA"), ("DBE", "SIMB"))
TILE = 204
GREYS = 14  # enough for the eye, and keeps the file small
YELLOW = (0, 220, 255)
QUANTILES = (1, 10, 25, 50, 75, 90, 99)
ARCHIVE = {
    "scenes": 60, "glaciers": 2, "seed": 1, "first_year": 1995, "last_year": 2014,
    "extent_m": 12000.0,
}  # fmt: skip


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
    """The scene in the middle of a glacier's real scenes of a mission."""
    files = sorted((folder / "sar_images").rglob(f"{glacier}_*_{mission}_*.png"))
    if not files:
        raise SystemExit(f"error: {folder}: no image of {glacier} by {mission} under sar_images/")
    chosen = files[len(files) // 2]
    front = next((folder / "fronts").rglob(f"{chosen.stem}_front.png"))
    image, mask = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in (chosen, front))
    if image is None or mask is None:
        raise SystemExit(f"error: {chosen}: image or front cannot be read")
    return image, mask > 127, chosen.stem


def main(folder: Path, output: Path) -> None:
    """Draw the sheet and print the quantiles."""
    world = build_world(seed=1, extent_m=ARCHIVE["extent_m"])
    plan = plan_scenes(ARCHIVE)
    sheet = []
    for real_name, simulated_name in PAIRS:
        real, simulated = [], []
        for mission in MISSIONS:
            image, front, name = read_real(folder, real_name, mission)
            real.append(draw_tile(image, front, name))
            of_mission = plan[(plan["glacier"] == simulated_name) & (plan["mission"] == mission)]
            row = of_mission.iloc[len(of_mission) // 2]
            scene = render_scene(
                world, simulated_name, mission, date.fromisoformat(row["acquired"]),
                row["orbit"], int(row["quality"]),
            )  # fmt: skip
            simulated.append(draw_tile(scene.image, scene.front, str(row["scene"])))
            small = cv2.resize(scene.image, (256, 256), interpolation=cv2.INTER_AREA)
            for label, pixels in ((name, image), (row["scene"], small)):
                print(
                    f"{label:32}", *np.percentile(pixels[pixels > 0], QUANTILES).round().astype(int)
                )
        sheet += [np.hstack(real), np.hstack(simulated)]
    with replacing(output) as temporary:
        cv2.imwrite(str(temporary), np.vstack(sheet), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    target = Path(__file__).with_name("images") / "simulated_and_real.png"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else target)
