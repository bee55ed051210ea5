"""Which training code this is; imports nothing, so that the Snakefile may ask."""

# An edited library reruns nothing by itself: raise this number when training gives other weights
# than before. Finished trainings are then made anew, and states of interrupted ones refused.
TRAINING_REVISION = 2

# Keys of `training` that say how a training runs, not what comes out of it: another value of one
# is no reason to train anew.
HOW = ("acceleration", "device", "feed", "gpu_slots", "save_minutes", "threads")


def epoch_file(epoch: int) -> str:
    """Name the weights file of a kept epoch."""
    return f"epoch_{epoch:03d}.safetensors"
