"""Write the configuration of training and scoring with all its defaults."""

import yaml

from calvingfront.files import write_text
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        text = yaml.safe_dump(snakemake.params.config, sort_keys=False)
        write_text(snakemake.output.config, text)
