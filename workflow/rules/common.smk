# What every stage shares: the checked configuration, the scenes, the runs, and the names that a path may carry.
import pandas as pd
from snakemake.exceptions import WorkflowError

from calvingfront.configuration.validation import validate_config, validate_scenes
from calvingfront.errors import CalvingFrontError
from calvingfront.pipeline.steps import STEPS, figures_of
from calvingfront.scenes.sources import list_scenes, map_settings, prepared_scenes, source_of
from calvingfront.vocabulary.losses import NO_LOSS, loss_pattern
from calvingfront.vocabulary.models import BASELINES, NETWORKS


def checked(function, *arguments):
    """Call a function; a fault of the user's is told without the path of the code that found it."""
    try:
        return function(*arguments)
    except CalvingFrontError as error:
        raise WorkflowError(str(error)) from None


# In place: the jobs read this very dictionary.
config.update(
    checked(validate_config, config, workflow.source_path("../schemas/config.schema.yaml"))
)
# One training at a time unless --resources gpu=N says otherwise: without a limit all would start at once.
workflow.global_resources.setdefault("gpu", 1)

SOURCE = source_of(config)
MAP = map_settings(config)
source_scenes = checked(list_scenes, config)
checked(validate_scenes, source_scenes, workflow.source_path("../schemas/scenes.schema.yaml"))
SCENES = list(source_scenes["scene"])
# The files as the source has them, and the 8-bit images and masks that the samples start from.
source_rows = source_scenes.set_index("scene").to_dict("index")
prepared_rows = prepared_scenes(source_scenes, config).set_index("scene").to_dict("index")


NETWORK_NAMES = "|".join(NETWORKS)
BASELINE_NAMES = "|".join(BASELINES)


wildcard_constraints:
    scene=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    model=f"{NETWORK_NAMES}|{BASELINE_NAMES}",
    loss=f"{NO_LOSS}|{loss_pattern()}",
    seed="[0-9]+",


def scene_cell(column, rows=prepared_rows):
    """An input or params function that looks one cell of the scene table up; None where it is empty."""

    def look_up(wildcards):
        value = rows[wildcards.scene][column]
        return None if pd.isna(value) else value

    return look_up


def map_spacing(wildcards):
    """Pixel of the map for the scene's mission, m."""
    return MAP["spacing_m"][source_rows[wildcards.scene]["mission"]]


def below_results(paths):
    """Paths of calvingfront.pipeline.steps, which start at the results folder."""
    return (
        f"<results>/{paths}" if isinstance(paths, str) else [f"<results>/{path}" for path in paths]
    )


def inputs_of(step):
    """What a step of the learning half reads, by the keyword that its function takes."""
    return {name: below_results(paths) for name, paths in STEPS[step].inputs(config).items()}


def outputs_of(step):
    """What a step of the learning half writes."""
    return {name: below_results(paths) for name, paths in STEPS[step].outputs(config).items()}


def parameters_of(step):
    """What a step takes from the configuration and from its row (model, loss, seed)."""
    of_row = {"model": "{model}", "loss": "{loss}", "seed": lambda wildcards: int(wildcards.seed)}
    return STEPS[step].parameters(config) | {name: of_row[name] for name in STEPS[step].of_run}


def reported(item, suffix, category):
    """The outputs of a table or figure, of which the one with this suffix enters the report."""
    outputs = outputs_of(item.step)
    outputs[suffix] = report(
        outputs[suffix],
        caption=f"../report/{item.name}.rst",
        category=category,
        labels={"item": item.label},
    )
    return outputs


def training_memory(wildcards):
    """Memory of a training on the CPU, MB: about 24 float32 feature maps of the finest stage are alive at once.

    On top, weights and Adam's two moments a second time while the state is written: three times four bytes for each
    of about 15 k² c² weights, c the channels of the deepest stage but one.
    """
    networks = config["networks"]
    pixels = config["training"]["batch_size"] * config["samples"]["size"] ** 2
    weights = 15 * networks["kernel"] ** 2 * (networks["width"] * 2 ** (networks["depth"] - 1)) ** 2
    return 1500 + int((24 * 4 * pixels * networks["width"] + 3 * 4 * weights) / 1e6)


# Published lists, where the split is drawn from them.
SPLIT_LISTS = (config["split"]["lists"] or []) if config["split"]["method"] == "paper" else []
