# Locating: front lines on the map.
#
# in:   predictions of the validation and test scenes, the validation threshold
# out:  <results>/fronts/{model}/{loss}/seed{seed}/fronts.gpkg   lines in the CRS of the scenes, with their attributes
from calvingfront.pipeline.steps import dataset_files, paths_over
from calvingfront.vocabulary import paths


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
        min_front_length_m=config["evaluation"]["min_front_length_m"],
    script:
        "../../scripts/locating/extract_fronts.py"
