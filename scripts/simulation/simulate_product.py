"""Image one scene of the simulated world in radar geometry, as its mission's product."""

from calvingfront.simulation.radar_archive import simulate_product

from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        simulate_product(**snakemake.input, **snakemake.params, product=snakemake.output.product)
