"""Open every image and front once; write the scene table and the scene report."""

from calvingfront.logs import log_to
from calvingfront.scenes.check import check_scenes
from calvingfront.scenes.sources import list_scenes, prepared_scenes

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        config = dict(snakemake.params)
        check_scenes(
            prepared_scenes(list_scenes(config), config),
            excluded=config["source"]["exclude"],
            output=snakemake.output.table,
            report=snakemake.output.report,
            page=snakemake.output.page,
            threads=snakemake.threads,
        )
