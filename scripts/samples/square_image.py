"""Resize one scene to a square sample of square pixels."""

from calvingfront.samples.square import square_file
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        inputs = {name: path or None for name, path in snakemake.input.items()}
        square_file(**inputs, **snakemake.params, output=snakemake.output[0])
