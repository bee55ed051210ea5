# Training: one job per model × loss × seed.
#
# in:   the packed samples and the split
# out:  <results>/models/{model}/{loss}/seed{seed}/weights.safetensors   the best epoch
#       …/kept.safetensors          the epochs that Figure 4 needs
#       …/history.tsv, run.json     one row per epoch; settings, versions and hardware
#
# While it runs, …/state/ holds the state from which a killed job resumes. It is not an output, because Snakemake
# deletes outputs before a retry.


rule train_network:
    """Train one network with one loss and one seed."""
    input:
        **inputs_of("train_network"),
    output:
        **outputs_of("train_network"),
    log:
        "<logs>/train_network/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/train_network/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model=NETWORK_NAMES,
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="12h",
        gpu=1,
    params:
        code_of("train_network"),
        **parameters_of("train_network"),
    script:
        "../../scripts/training/train_network.py"
