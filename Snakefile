# From radar scenes and their calving fronts to the paper's tables and figures.
#
#   simulation ─ products ─ sar ─ scenes ─ samples ─ dataset ─ training ─ evaluation ┬ tables
#                                                                                    └ figures
#
# Each stage is a file under workflow/rules; config/README.md explains the configuration.
from snakemake.utils import min_version

min_version("9.14")


configfile: workflow.source_path("config/config.yaml")


include: "workflow/rules/common.smk"


pathvars:
    results=config["results"],
    logs=f"{config['results']}/logs",
    benchmarks=f"{config['results']}/benchmarks",


report: "workflow/report/workflow.rst"


include: "workflow/rules/simulation.smk"
include: "workflow/rules/products.smk"
include: "workflow/rules/sar.smk"
include: "workflow/rules/scenes.smk"
include: "workflow/rules/samples.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"


rule all:
    """Every table and every figure, and the configuration that made them."""
    default_target: True
    input:
        rules.write_config.output,
        rules.tables.input,
        rules.figures.input,


localrules:
    all,
    dataset,
    tables,
    figures,
    write_config,
