"""Locate the front of one scene with a model."""

from calvingfront.locating.locate import locate_file
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        how = {key: snakemake.config["training"][key] for key in ("device", "gpu_slots")}
        inputs = {name: path or None for name, path in snakemake.input.items()}
        locate_file(
            **inputs,
            **snakemake.params,
            front=snakemake.output.front,
            **how,
            threads=snakemake.threads,
        )
