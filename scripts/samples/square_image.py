"""Resize one scene to a square sample of square pixels."""

from calvingfront.logs import log_to
from calvingfront.samples.square import square_file

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        inputs = {name: path or None for name, path in snakemake.input.items()}
        square_file(**inputs, **snakemake.params, output=snakemake.output[0])
