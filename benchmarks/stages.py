"""Seconds and peak memory of every stage, and the overhead per job of the sample rules.

    python benchmarks/stages.py --scenes 30 244

For each number of scenes, the pipeline runs on a simulated archive of radar products, in an empty
folder, on one core, stage by stage. `s` is the wall time of the stage's Snakemake call minus that
of a call that has nothing to do; `MB` is the peak of the largest single process. `growth` compares
the seconds per scene of the largest archive with those of the smallest. For the sample rules, the
same library functions also run in this process on the same files: the rest of a job's time is the
start of Snakemake and the interpreter, the overhead per job.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
STAGES = {
    "world": ["simulate_terrain"],
    "simulated products": ["simulate_product"],
    "ingestion": ["ingest_product"],
    "multilooking": ["multilook_scene"],
    "geocoding": ["geocode_scene"],
    "import": ["import_scene"],
    "check": ["check_scenes"],
    "median": ["filter_speckle"],
    "dilation": ["dilate_front"],
    "square": ["square_image"],
    "pack": ["pack_samples"],
    "split": ["split_scenes"],
    "prior, nearest date": ["predict_without_network"],
    "training, 1 epoch": ["train_network"],
    "prediction": ["predict_fronts"],
    "threshold": ["choose_threshold"],
    "scores": ["score_predictions"],
    "tables and figures": [],
}
SAMPLE_RULES = {"median": "filtered", "dilation": "fronts", "square": "square"}


def main() -> None:
    """Measure and print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, nargs="+", default=[30, 244])
    parser.add_argument("--size", type=int, default=128, help="side of the samples, px")
    parser.add_argument("--width", type=int, default=4, help="width of the network")
    options = parser.parse_args()
    tables = {}
    for scenes in options.scenes:
        with tempfile.TemporaryDirectory() as folder:
            tables[scenes] = measure(Path(folder), scenes, options.size, options.width)
    print(f"\n{options.size} px, width {options.width}, one core")
    print(report(tables))


def measure(folder: Path, scenes: int, size: int, width: int) -> pd.DataFrame:
    """Run all stages once; one row per stage: seconds, peak_mb, dag_s, own_s and overhead_s."""
    overlay = folder / "overlay.yaml"
    content = {
        "results": str(folder / "results"),
        "source": {"kind": "simulated", "simulated": {"scenes": scenes}},
        "samples": {"size": size, "front_width_px": 3},
        "networks": {"models": ["attention_unet"], "width": width},
        "losses": ["bce"],
        "training": {"max_epochs": 1, "keep_epochs": [1], "device": "cpu", "threads": 1},
    }
    overlay.write_text(yaml.safe_dump(content))
    rows = []
    for stage, rules in STAGES.items():
        seconds, peak = run(folder, overlay, rules)
        idle, _ = run(folder, overlay, rules)
        row = {"stage": stage, "seconds": max(0.0, seconds - idle), "peak_mb": peak, "dag_s": idle}
        if stage in SAMPLE_RULES:
            own = library_seconds(folder / "results", stage, size)
            row["overhead_s"] = (row["seconds"] - own) / scenes
            row["own_s"] = own / scenes
        rows.append(row)
        print(
            f"{scenes:4d} scenes  {stage:20s} {row['seconds']:8.2f} s  {peak:6.0f} MB", flush=True
        )
    return pd.DataFrame(rows).set_index("stage")


def run(folder: Path, overlay: Path, rules: list[str]) -> tuple[float, float]:
    """Run Snakemake until the rules are done; return wall seconds and peak of one process, MB."""
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"),
        "--directory", str(folder), "--configfile", str(overlay), "--cores", "1", "--quiet", "all",
    ]  # fmt: skip
    if rules:
        command += ["--until", *rules]
    log = folder / "snakemake.log"
    started = time.perf_counter()
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return seconds, usage.ru_maxrss / 1024


def library_seconds(results: Path, stage: str, size: int) -> float:
    """Do the work of a sample stage in this process; return the seconds."""
    from calvingfront.samples.fronts import dilate_file
    from calvingfront.samples.median import filter_file
    from calvingfront.samples.square import square_file

    scenes = pd.read_csv(results / "scenes.tsv", sep="\t")
    scratch = results / "scratch"
    scratch.mkdir(exist_ok=True)
    started = time.perf_counter()
    for row in scenes.itertuples():
        pixels = {"pixel_size_x_m": row.pixel_size_x_m, "pixel_size_y_m": row.pixel_size_y_m}
        if stage == "median":
            filter_file(
                image=row.image, **pixels, area_m2=2500.0, output=scratch / f"{row.scene}.png"
            )
        elif stage == "dilation":
            dilate_file(
                front=row.front, **pixels, size=size, front_width_px=3,
                output=scratch / f"{row.scene}.png",
            )  # fmt: skip
        else:
            square_file(
                image=results / "samples/filtered" / f"{row.scene}.png",
                front=results / "samples/fronts" / f"{row.scene}.png",
                scene=row.scene, **pixels, size=size, front_width_px=3,
                output=scratch / f"{row.scene}.npz",
            )  # fmt: skip
    return time.perf_counter() - started


def report(tables: dict[int, pd.DataFrame]) -> str:
    """Arrange the measurements side by side as a Markdown table."""
    counts = sorted(tables)
    columns: dict[str, pd.Series] = {}
    for n in counts:
        columns[f"s, {n} scenes"] = tables[n]["seconds"].round(1)
        columns[f"MB, {n} scenes"] = tables[n]["peak_mb"].round(0)
    if len(counts) > 1:
        first, last = tables[counts[0]], tables[counts[-1]]
        growth = (last["seconds"] / counts[-1]) / (first["seconds"] / counts[0])
        columns["growth of s/scene"] = growth.round(2)
    last = tables[counts[-1]]
    columns["own work, s/scene"] = last["own_s"].round(3)
    columns["overhead, s/job"] = last["overhead_s"].round(3)
    return pd.DataFrame(columns).to_markdown(disable_numparse=False)


if __name__ == "__main__":
    main()
