"""Draw Figure 4: attention maps during training."""

from calvingfront.figures.attention import draw_attention_epochs
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_attention_epochs(**snakemake.input, **snakemake.params, **snakemake.output)
