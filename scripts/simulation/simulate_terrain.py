"""Write the terrain model and the front lines of the simulated world."""

import pandas as pd

from calvingfront.logs import log_to
from calvingfront.simulation.archive import write_dem, write_fronts
from calvingfront.simulation.world.world import World

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        world = World.load(snakemake.input.world)
        write_dem(world, snakemake.output.dem)
        write_fronts(world, pd.DataFrame(snakemake.params.scenes), snakemake.output.fronts)
