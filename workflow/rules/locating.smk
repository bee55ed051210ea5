# Locating: front lines on the map, of the held-out scenes and of the new ones, which have no front.
#
# in:   predictions of the validation and test scenes, the validation threshold; trained networks, samples of new scenes
# out:  <results>/fronts/{model}/{loss}/seed{seed}/fronts.gpkg   lines in the CRS of the scenes, with their attributes
#       <results>/model              the trained networks as a model folder
#       <results>/held_out           its fronts of the validation and test scenes, and their errors
#       <results>/tables/errors.*, figures/errors.*  how good the stated errors are
#       <results>/located/{scene}.gpkg               the front of one new scene
#       <results>/fronts.gpkg, located.md, .html     the fronts of all new scenes, and a report
from calvingfront.dataset import files
from calvingfront.locating.model.choice import FOLDER, given_folder, words_of
from calvingfront.pipeline.step import dataset_files
from calvingfront.pipeline.rows import paths_over
from calvingfront.vocabulary import paths

# A model from elsewhere, or the one that comes with the package; None for the networks trained here.
GIVEN_MODEL = given_folder(config)


rule fronts:
    """The front lines of every trained network."""
    input:
        below_results(paths_over(paths.Over("networks", paths.FRONT_LINES), config)),
    localrule: True


rule extract_fronts:
    """Draw the front lines of one network's predictions, and take them to the map."""
    input:
        dataset=below_results(dataset_files()),
        probabilities=below_results(paths.PROBABILITIES),
        predictions=below_results(paths.PREDICTIONS),
        threshold=below_results(paths.THRESHOLD),
    output:
        fronts=below_results(paths.FRONT_LINES),
    log:
        "<logs>/extract_fronts/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/extract_fronts/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model=NETWORK_NAMES,
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        made_from("calvingfront.locating.extract:extract_fronts"),
        min_front_length_m=config["evaluation"]["min_front_length_m"],
    script:
        "../../scripts/locating/extract_fronts.py"


rule export_model:
    """Make a model folder of the trained networks; calibrate its errors, and measure them on the test scenes."""
    input:
        dataset=below_results(dataset_files(files.SPLIT)),
        # No file of the configuration: as an ancient input of a planned job it would hide that params have changed.
        weights=of_members(paths.WEIGHTS),
        records=of_members(paths.RECORD),
    output:
        model=directory(f"<results>/{FOLDER}"),
        held_out="<results>/held_out/fronts.gpkg",
        errors="<results>/held_out/errors.tsv",
    log:
        "<logs>/export_model.log",
    benchmark:
        "<benchmarks>/export_model.tsv"
    conda:
        "../../envs/locating.yaml"
    # Little else runs beside it.
    threads: 2
    resources:
        mem_mb=training_memory,
        runtime="2h",
        gpu=1,
    params:
        made_from(
            "calvingfront.locating.model_export:export_model",
            values={
                "orientations": config["locating"]["orientations"],
                "min_front_length_m": config["evaluation"]["min_front_length_m"],
            },
        ),
        **words_of(config),
        orientations=config["locating"]["orientations"],
        source=config["source"]["kind"],
        split=config["split"]["method"],
        samples=SAMPLES,
        min_front_length_m=config["evaluation"]["min_front_length_m"],
    script:
        "../../scripts/locating/export_model.py"


rule locate_scene:
    """Locate the front of one new scene with the model."""
    input:
        sample=rules.square_image.output.sample,
        model=locating_model(GIVEN_MODEL, rules.export_model.output.model),
        view=rules.geocode_scene.output.view if SOURCE.products else [],
    output:
        front="<results>/located/{scene}.gpkg",
    log:
        "<logs>/locate_scene/{scene}.log",
    group:
        "locating"
    conda:
        "../../envs/locating.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="10m",
        gpu=1,
    params:
        made_from(
            "calvingfront.locating.locate:locate_file",
            values={"model": DIGESTS.of(GIVEN_MODEL) if GIVEN_MODEL else None},
        ),
        glacier=scene_cell("glacier"),
        mission=scene_cell("mission"),
        acquired=scene_cell("acquired"),
        orbit=scene_cell("orbit"),
        geolocation_error_m=config["locating"]["geolocation_error_m"],
    script:
        "../../scripts/locating/locate_scene.py"


rule gather_fronts:
    """Gather the fronts of all new scenes in one file, and report on each."""
    input:
        located=located_scenes,
    output:
        fronts="<results>/fronts.gpkg",
        item="<results>/fronts.gpkg.json",
        report="<results>/located.md",
        page=report(
            "<results>/located.html",
            caption="../report/located.rst",
            category="Located fronts",
            labels={"item": "Located fronts"},
        ),
    log:
        "<logs>/gather_fronts.log",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        made_from("calvingfront.locating.gather:gather_fronts"),
        excluded={
            scene: config["source"]["exclude"][scene]
            for scene in source_scenes.attrs.get("excluded_new", ())
        },
    script:
        "../../scripts/locating/gather_fronts.py"


rule locate:
    """The fronts of all scenes without one."""
    input:
        rules.gather_fronts.output.fronts,
        rules.gather_fronts.output.report,
        "<results>/fronts.html",
    localrule: True


rule tabulate_errors:
    """Compare stated and measured errors on the test scenes, by flag, glacier and mission."""
    input:
        held_out=rules.export_model.output.errors,
    output:
        csv="<results>/tables/errors.csv",
        md="<results>/tables/errors.md",
        html=report(
            "<results>/tables/errors.html",
            caption="../report/errors.rst",
            category="Located fronts",
            labels={"item": "Errors"},
        ),
    log:
        "<logs>/tabulate_errors.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        made_from("calvingfront.tables.errors:tabulate_errors"),
    script:
        "../../scripts/locating/tabulate_errors.py"


rule draw_errors:
    """Draw the error of the lines that are kept, and stated against measured errors."""
    input:
        held_out=rules.export_model.output.errors,
    output:
        png=report(
            "<results>/figures/errors.png",
            caption="../report/errors.rst",
            category="Located fronts",
            labels={"item": "Errors by flag"},
        ),
        pdf="<results>/figures/errors.pdf",
    log:
        "<logs>/draw_errors.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        made_from("calvingfront.figures.errors:draw_errors"),
    script:
        "../../scripts/locating/draw_errors.py"
