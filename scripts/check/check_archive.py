"""Draw the contact sheets of all scenes, and report what looks wrong."""

from calvingfront.check.check_archive import check_archive
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        check_archive(**snakemake.params, **snakemake.output, threads=snakemake.threads)
