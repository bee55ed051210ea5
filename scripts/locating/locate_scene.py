"""Locate the front of one scene with a model."""

from calvingfront.locating.locate import locate_file
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        how = {key: snakemake.config["training"][key] for key in ("device", "gpu_slots")}
        inputs = {name: path or None for name, path in snakemake.input.items()}
        locate_file(
            **inputs,
            **snakemake.params,
            front=snakemake.output.front,
            **how,
            threads=snakemake.threads,
        )
