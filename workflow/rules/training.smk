# Training: one job for each model × loss × seed.
#
# in:   the packed samples and the split
# out:  <results>/models/{model}/{loss}/seed{seed}/weights.safetensors   the best epoch
#       …/epoch_005.safetensors …   the epochs that Figure 4 needs
#       …/history.tsv, run.json     every epoch, and what ran on which machine
#
# While it runs, …/state/ holds what a killed job goes on from. It is no output: Snakemake deletes those before a retry.
from calvingfront.training.revision import HOW, TRAINING_REVISION


rule train_network:
    """Train one network with one loss from one seed."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        split=rules.split_scenes.output.split,
    output:
        weights="<results>/models/{model}/{loss}/seed{seed}/weights.safetensors",
        kept=expand(
            "<results>/models/{{model}}/{{loss}}/seed{{seed}}/epoch_{epoch:03d}.safetensors",
            epoch=config["training"]["keep_epochs"],
        ),
        history="<results>/models/{model}/{loss}/seed{seed}/history.tsv",
        record="<results>/models/{model}/{loss}/seed{seed}/run.json",
    log:
        "<logs>/train_network/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/train_network/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model="unet|attention_unet",
        loss="bce|wbce[0-9.]+",
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="12h",
        gpu=1,
    params:
        model="{model}",
        loss="{loss}",
        seed=lambda wildcards: int(wildcards.seed),
        networks={key: value for key, value in config["networks"].items() if key != "models"},
        # The others change how a training runs, not what comes out of it.
        training={key: value for key, value in config["training"].items() if key not in HOW},
        revision=TRAINING_REVISION,
    script:
        "../../scripts/train_network.py"
