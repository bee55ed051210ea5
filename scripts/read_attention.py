"""Read the attention maps of one attention network for the figures."""

from calvingfront.evaluation.attention import read_attention
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        read_attention(
            **snakemake.input,
            **snakemake.params,
            attention=snakemake.output.attention,
            # Not parameters of the rule: another device is no reason to do it again.
            device=snakemake.config["training"]["device"],
            gpu_slots=snakemake.config["training"]["gpu_slots"],
            threads=snakemake.threads,
        )
