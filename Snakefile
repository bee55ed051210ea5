# The workflow is workflow/Snakefile, where modules, snakedeploy and the workflow catalog look for it.
# Like `include:`, but rule all remains the default (Snakemake issue 2056).
workflow.include("workflow/Snakefile", overwrite_default_target=True)
