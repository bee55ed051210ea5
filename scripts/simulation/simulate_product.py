"""Image one scene of the simulated world and write it as a product of its mission."""

from calvingfront.logs import log_to
from calvingfront.simulation.archive import simulate_product

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        simulate_product(**snakemake.input, **snakemake.params, product=snakemake.output.product)
