"""The revision of the training code. Imports nothing, so that the Snakefile can read it cheaply."""

# Snakemake does not notice changes to the library. Raise this number whenever training gives other
# weights than before: finished trainings are then rerun, and states of interrupted ones refused.
TRAINING_REVISION = 2

# Keys of `training` that affect how a training runs but not its results: changing one does not
# rerun the training.
HOW = ("acceleration", "device", "feed", "gpu_slots", "save_minutes", "threads")


def epoch_file(epoch: int) -> str:
    """Return the name of the weights file of a kept epoch."""
    return f"epoch_{epoch:03d}.safetensors"
