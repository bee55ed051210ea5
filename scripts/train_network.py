"""Train one network with one loss and one seed."""

from calvingfront.logs import log_to
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
            threads=snakemake.threads,
            # Not parameters of the rule: they say how a training runs, no reason to train anew.
            **{
                name: snakemake.config["training"][name]
                for name in ("save_minutes", "acceleration", "gpu_slots")
            },
        )
