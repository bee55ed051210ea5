"""Draw the front lines of one network's predictions on the map."""

from calvingfront.locating.extract import extract_fronts
from calvingfront.logs import log_to
from calvingfront.pipeline.results import with_folder

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        extract_fronts(
            **with_folder(dict(snakemake.input)), **snakemake.params, **dict(snakemake.output)
        )
