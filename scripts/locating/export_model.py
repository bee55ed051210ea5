"""Make a model folder of the trained networks, and measure its errors on held-out scenes."""

from pathlib import Path

from calvingfront.locating.model_export import export_model
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        training = snakemake.config["training"]
        export_model(
            [Path(weights).parent for weights in snakemake.input.weights],
            snakemake.output.model,
            licence=snakemake.params.licence,
            data=snakemake.params.data,
            orientations=snakemake.params.orientations,
            held_out=Path(snakemake.output.held_out).parent,
            device=training["device"],
            gpu_slots=training["gpu_slots"],
            threads=snakemake.threads,
            settings=snakemake.config,
        )
