"""Pack the samples of all scenes into flat arrays."""

from calvingfront.dataset.pack import pack_files
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        pack_files(**snakemake.input, **snakemake.output, **snakemake.params)
