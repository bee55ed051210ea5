"""Draw Figure 5: attention maps under every loss."""

from calvingfront.figures.attention import draw_attention_losses
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_attention_losses(**snakemake.input, **snakemake.params, **snakemake.output)
