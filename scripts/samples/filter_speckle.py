"""Filter speckle in one image with a median over a fixed area."""

from calvingfront.logs import log_to
from calvingfront.samples.median import filter_file
from calvingfront.scenes.sources import source_of

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        filter_file(
            **snakemake.input,
            **snakemake.params,
            output=snakemake.output[0],
            made=source_of(snakemake.config).imported,
        )
