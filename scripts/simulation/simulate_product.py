"""Image one scene of the simulated world in radar geometry, as its mission's product."""

from calvingfront.logs import log_to
from calvingfront.simulation.archive import simulate_product

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        simulate_product(**snakemake.input, **snakemake.params, product=snakemake.output.product)
