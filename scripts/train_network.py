"""Train one network with one loss and one seed."""

from calvingfront.logs import log_to
from calvingfront.training.revision import HOW
from calvingfront.training.run import train_network

if __name__ == "__main__":
    with log_to(snakemake.log[0], echo=True):
        train_network(
            **snakemake.input,
            **snakemake.params,
            kept=list(snakemake.output.kept),
            weights=snakemake.output.weights,
            history=snakemake.output.history,
            record=snakemake.output.record,
            # Not parameters of the rule: another value is no reason to train anew.
            how={
                **{key: snakemake.config["training"][key] for key in HOW},
                "threads": snakemake.threads,
            },
        )
