"""Build the simulated world: terrain, glaciers and their fronts through time."""

from calvingfront.logs import log_to
from calvingfront.simulation.world.world import build_world

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        build_world(**snakemake.params, output=snakemake.output[0])
