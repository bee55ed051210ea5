"""Render one scene of the simulated world: image and calving front."""

from calvingfront.logs import log_to
from calvingfront.simulation.render import simulate_scene

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        simulate_scene(**snakemake.input, **snakemake.params, **snakemake.output)
