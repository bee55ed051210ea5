# The workflow is workflow/Snakefile, where modules, snakedeploy and the workflow catalog look for it.
# As `include:`, but rule all stays the default (Snakemake's issue 2056).
workflow.include("workflow/Snakefile", overwrite_default_target=True)
