# Shared by all stages: the validated configuration, the scenes, the runs, and the wildcards of paths.
from functools import cache
from pathlib import Path

import pandas as pd
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from calvingfront.check.start import start
from calvingfront.check.telling import told
from calvingfront.errors import CalvingFrontError
from calvingfront.locating.model.choice import members_of, sample_settings
from calvingfront.locating.model_folder import SHIPPED
from calvingfront.pipeline.steps import STEPS
from calvingfront.pipeline.shown import figures_of
from calvingfront.pipeline.rows import paths_over, runs_of
from calvingfront.products.delivery.packed import archive_at
from calvingfront.scenes.failures.records import describe_failed, keep_left_out, leave_out_failed
from calvingfront.scenes.fronts.layers import split_layer
from calvingfront.scenes.scene_table import SCENE_NAME, records, with_front, without_front
from calvingfront.scenes.sources import map_settings, of_training, prepared_scenes, source_of
from calvingfront.vocabulary.losses import NO_LOSS, loss_pattern
from calvingfront.vocabulary.models import BASELINES, NETWORKS, ensemble_names, is_filtered
from calvingfront.vocabulary.others import is_binary, others_of
from calvingfront.vocabulary.paths import Over
from calvingfront.vocabulary.runs import Run


def checked(function, *arguments):
    """Call a function; report a fault of the user without a traceback."""
    try:
        return function(*arguments)
    except CalvingFrontError as error:
        raise WorkflowError(told(error, config)) from None


# The files that the configuration was read from, the later ones on top; none if a module replaces it.
CONFIG_FILES = [file for file in workflow.configfiles if file not in workflow.overwrite_configfiles]
CONFIG_FILES += workflow.overwrite_configfiles
# Scene → reason of those that failed before and are left out.
LEFT_OUT = {}
# Configuration, scenes, split and files; the jobs' own processes only read what the rules need.
STARTED = checked(
    lambda: start(
        config,
        workflow.source_path("../schemas/config.schema.yaml"),
        workflow.source_path("../schemas/scenes.schema.yaml"),
        files=[] if workflow.modifier.skip_configfile else CONFIG_FILES,
        on_top=workflow.config_settings.overwrite_config,
        thorough=workflow.is_main_process,
        prepare=lambda config: LEFT_OUT.update(leave_out_failed(config, workflow.is_main_process)),
    )
)
for note in STARTED.notes:
    logger.warning(note)
# In place, because the jobs read this dictionary.
config.update(STARTED.config)
# One training at a time unless --resources gpu=N is given: without a limit all would start at once.
workflow.global_resources.setdefault("gpu", 1)

SOURCE = source_of(config)
MAP = map_settings(config)
source_scenes = STARTED.scenes
# Scenes with a front are trained on and scored; the fronts of the new ones are located.
SCENES = list(with_front(source_scenes)["scene"])
NEW_SCENES = list(without_front(source_scenes)["scene"])
# No new scene changes these, so that none reruns a job of the others.
TRAINING = of_training(config, source_scenes)
HEMISPHERES = STARTED.hemispheres
# The source's own files, and the 8-bit images and masks from which the samples are made.
source_rows = source_scenes.set_index("scene").to_dict("index")
prepared = prepared_scenes(source_scenes, config)
prepared_rows = prepared.set_index("scene").to_dict("index")
# How samples are made: those of new scenes as the model needs them.
SAMPLES = config["samples"]
NEW_SAMPLES = sample_settings(config)


NETWORK_NAMES = "|".join(NETWORKS)
BASELINE_NAMES = "|".join(BASELINES)
ENSEMBLE_NAMES = "|".join(ensemble_names())
FILTERED_NAMES = "|".join(filter(is_filtered, ensemble_names()))
AVERAGE_NAMES = "|".join(name for name in ensemble_names() if not is_filtered(name))
OTHERS = others_of(config)
BINARY = [name for name, other in OTHERS.items() if is_binary(other["kind"])]
# A pattern that matches nothing if there is no such row.
OTHER_NAMES = "|".join(OTHERS) or "(?!)"
BINARY_NAMES = "|".join(BINARY) or "(?!)"
THRESHOLDED_NAMES = "|".join(
    [*NETWORKS, *ensemble_names(), *(name for name in OTHERS if name not in BINARY), *BASELINES]
)


wildcard_constraints:
    scene=SCENE_NAME.pattern,
    model=f"{NETWORK_NAMES}|{ENSEMBLE_NAMES}|{BASELINE_NAMES}|{OTHER_NAMES}",
    loss=f"{NO_LOSS}|{loss_pattern()}",
    seed="[0-9]+",


def scene_cell(column, rows=prepared_rows):
    """Return an input or params function that looks up one cell of the scene table; None if it is empty."""

    def look_up(wildcards):
        value = rows[wildcards.scene][column]
        return None if pd.isna(value) else value

    return look_up


def front_file(wildcards):
    """The file of a scene's front, and its layer if the table names one."""
    return split_layer(source_rows[wildcards.scene]["front"])


@cache
def size_of_product(scene, product):
    """Size of the scene of a product.json, in radar geometry and on the map."""
    from calvingfront.sar.memory import scene_size  # only where a product is processed

    row = source_rows[scene]
    return scene_size(
        product, MAP["spacing_m"][row["mission"]], MAP["crs"], MAP["areas"].get(row["glacier"])
    )


def product_memory(of_size):
    """Return a resource function: the memory of a job on one product, MB, by its size; more if it is repeated."""

    def look_up(wildcards, input, attempt):
        Path(input.product).stat()  # until it is there, Snakemake shows <TBD> and asks again
        return attempt * of_size(size_of_product(wildcards.scene, str(input.product)))

    return look_up


def archive_of(wildcards):
    """The archive of a scene's product; None if it is not packed."""
    archive = archive_at(source_rows[wildcards.scene]["image"])
    return None if archive is None else str(archive)


def unpacked(wildcards):
    """The unpacked product of a scene; nothing if it is not packed."""
    return [] if archive_of(wildcards) is None else f"<results>/unpacked/{wildcards.scene}"


def megapixels(scene):
    """Size of the image of a scene, millions of pixels; 0 as long as it is not known."""
    if SOURCE.products:  # a map is as large as its area, or as the product is, which comes first
        row = source_rows[scene]
        if row["glacier"] in MAP["areas"]:
            left, bottom, right, top = MAP["areas"][row["glacier"]]
            return (right - left) * (top - bottom) / MAP["spacing_m"][row["mission"]] ** 2 / 1e6
        product = Path(config["results"], "scenes", scene, "product.json")
        return size_of_product(scene, str(product)).map if product.is_file() else 0
    height, width = (source_rows[scene][key] for key in ("height_px", "width_px"))
    return 0 if pd.isna(height) or pd.isna(width) else height * width / 1e6


def image_memory(least, bytes_per_pixel):
    """Return a resource function: the memory of a job on one whole image, MB; of a small one `least`."""

    def look_up(wildcards):
        return max(least, 300 + int(bytes_per_pixel * megapixels(wildcards.scene)))

    return look_up


def image_minutes(wildcards):
    """Time of a job on one whole image: at least ten minutes."""
    return 10 + int(megapixels(wildcards.scene) / 20)


def has_front(wildcards):
    """Whether the scene has a front; otherwise it is to be located."""
    return pd.notna(source_rows[wildcards.scene]["front"])


def sample_setting(key):
    """Return a params function that looks up how the sample of a scene is made."""

    def look_up(wildcards):
        return (SAMPLES if has_front(wildcards) else NEW_SAMPLES)[key]

    return look_up


def map_spacing(wildcards):
    """Pixel spacing of the map for the mission of the scene, m."""
    return MAP["spacing_m"][source_rows[wildcards.scene]["mission"]]


def map_area(wildcards):
    """Area of the map of the glacier of the scene, if it has one."""
    return MAP["areas"].get(source_rows[wildcards.scene]["glacier"])


def below_results(paths):
    """Prepend the results folder to paths of calvingfront.pipeline.steps."""
    return (
        f"<results>/{paths}" if isinstance(paths, str) else [f"<results>/{path}" for path in paths]
    )


def inputs_of(step):
    """The inputs of a step of the learning half, by the keyword of its function."""

    def from_members(name):
        def look_up(wildcards):
            run = Run(wildcards.model, wildcards.loss, int(wildcards.seed))
            return below_results(STEPS[step].inputs_of(config, run)[name])

        return look_up

    return {name: below_results(paths) for name, paths in STEPS[step].inputs(config).items()} | {
        name: from_members(name) for name in STEPS[step].of_members
    }


def outputs_of(step):
    """The outputs of a step of the learning half."""
    origin = STEPS[step].origin
    outputs = STEPS[step].outputs(config) | ({} if origin is None else {"origin": origin})
    return {name: below_results(paths) for name, paths in outputs.items()}


def parameters_of(step):
    """The parameters of a step, from the configuration and from its row (model, loss, seed)."""
    fields = {"model": "{model}", "loss": "{loss}", "seed": lambda wildcards: int(wildcards.seed)}

    def from_row(value_of):
        return lambda wildcards: value_of(
            config, Run(wildcards.model, wildcards.loss, int(wildcards.seed))
        )

    return (
        STEPS[step].parameters(config)
        | {name: fields[name] for name in STEPS[step].of_run}
        | {name: from_row(value_of) for name, value_of in STEPS[step].of_row.items()}
    )


def reported(item, suffix, category):
    """The outputs of a table or figure; the one with this suffix is included in the report."""
    outputs = outputs_of(item.step)
    outputs[suffix] = report(
        outputs[suffix],
        caption=f"../report/{item.name}.rst",
        category=category,
        labels={"item": item.label},
    )
    return outputs


def of_members(pattern):
    """One path for each member of the ensemble that locates."""
    members = members_of(config)
    every = zip(runs_of("networks", config), paths_over(Over("networks", pattern), config))
    return below_results([path for run, path in every if (run.model, run.loss) in members])


def locating_model(given, trained):
    """The model as an input. Of one from elsewhere the content counts (`made_from`), not the date.

    The one that comes with the package is no input (None for the script): where it is installed does not matter.
    """
    if given is None:
        return trained
    if given == SHIPPED:
        return []
    return ancient(config["locating"]["model"]) if RECORDED else config["locating"]["model"]


def located_scenes(wildcards):
    """The front of every new scene."""
    if not NEW_SCENES:
        raise WorkflowError(
            "There is no scene without a front, so there is nothing to locate. Leave the column front empty for some "
            "scenes, raise source.simulated.new_scenes, or use `calvingfront locate` for single images."
        )
    return [f"<results>/located/{scene}.gpkg" for scene in NEW_SCENES]


def acquisitions(scenes):
    """Name, glacier and day of simulated scenes."""
    return [
        {"scene": scene} | {key: source_rows[scene][key] for key in ("glacier", "acquired")}
        for scene in scenes
    ]


def training_memory(wildcards):
    """Memory of a training on the CPU, MB: about 24 float32 feature maps of the finest stage exist at the same time.

    While the state is written there is also a second copy of the weights and of Adam's two moments: three times four
    bytes for each of about 15 k² c² weights, where c is the number of channels of the deepest stage but one.
    """
    networks = config["networks"]
    pixels = config["training"]["batch_size"] * config["samples"]["size"] ** 2
    weights = 15 * networks["kernel"] ** 2 * (networks["width"] * 2 ** (networks["depth"] - 1)) ** 2
    return 1500 + int((24 * 4 * pixels * networks["width"] + 3 * 4 * weights) / 1e6)


# The published lists, if the split is read from them.
SPLIT_LISTS = (config["split"]["lists"] or []) if config["split"]["method"] == "paper" else []


def split_lists(wildcards):
    """The published lists of the split, if it is read from them.

    A split with an empty subset is told here, before the first job, and only if something needs the split: a few
    products can be geocoded and looked at without one.
    """
    if STARTED.split_fault is not None:
        raise WorkflowError(told(STARTED.split_fault, config))
    return given(SPLIT_LISTS) if SPLIT_LISTS else []
