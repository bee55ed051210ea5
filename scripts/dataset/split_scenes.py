"""Split the scenes into training, validation and test, and report the leakage."""

from calvingfront.dataset.leakage import split_file
from calvingfront.logs import log_to
from calvingfront.pipeline.data_check import write_split_origin

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        split_file(
            **snakemake.input,
            **snakemake.params,
            output=snakemake.output.split,
            leakage_table=snakemake.output.leakage,
            leakage_summary=snakemake.output.summary,
            leakage_page=snakemake.output.page,
        )
        write_split_origin(
            snakemake.output.origin,
            snakemake.input.index,
            snakemake.output.split,
            dict(snakemake.params.items()),
        )
