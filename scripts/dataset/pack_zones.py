"""Pack the zones of all scenes into one flat array."""

from calvingfront.dataset.pack_zones import pack_zones
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        pack_zones(**snakemake.input, **snakemake.output, **snakemake.params)
