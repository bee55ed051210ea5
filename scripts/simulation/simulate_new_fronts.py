"""Write the true fronts of the new scenes of the simulated world."""

import pandas as pd

from calvingfront.logs import log_to
from calvingfront.simulation.archive import write_fronts
from calvingfront.simulation.world.world import World

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        world = World.load(snakemake.input.world)
        write_fronts(world, pd.DataFrame(snakemake.params.scenes), snakemake.output.fronts)
