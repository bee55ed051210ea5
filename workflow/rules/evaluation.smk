# Evaluation: what a network, or a rule without one, predicts, and how far that lies from the front.
#
# in:   trained weights, the packed samples and the split
# out:  <results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy, index.tsv   validation and test scenes
#       <results>/evaluation/{model}/{loss}/seed{seed}/threshold.json, threshold_curve.tsv, scores.tsv
#       <results>/attention/{loss}/seed{seed}.npz   attention maps of the figures' scenes


rule predict_fronts:
    """Predict the validation and test scenes with one trained network."""
    input:
        weights=rules.train_network.output.weights,
        record=rules.train_network.output.record,
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        split=rules.split_scenes.output.split,
    output:
        probabilities="<results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy",
        predictions="<results>/predictions/{model}/{loss}/seed{seed}/index.tsv",
    log:
        "<logs>/predict_fronts/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/predict_fronts/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model="unet|attention_unet",
        loss="bce|wbce[0-9.]+",
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="1h",
        gpu=1,
    params:
        batch_size=config["training"]["batch_size"],
    script:
        "../../scripts/predict_fronts.py"


rule predict_prior:
    """Predict each scene by the frequency map of its glacier's training fronts."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        split=rules.split_scenes.output.split,
    output:
        probabilities="<results>/predictions/prior/none/seed0/probabilities.npy",
        predictions="<results>/predictions/prior/none/seed0/index.tsv",
    log:
        "<logs>/predict_prior.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/predict_prior.py"


rule predict_nearest_date:
    """Predict each scene by the training front of its glacier that is closest in time."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        split=rules.split_scenes.output.split,
    output:
        probabilities="<results>/predictions/nearest_date/none/seed0/probabilities.npy",
        predictions="<results>/predictions/nearest_date/none/seed0/index.tsv",
    log:
        "<logs>/predict_nearest_date.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/predict_nearest_date.py"


rule choose_threshold:
    """Choose the threshold on the validation scenes, and the paper's on the test scenes."""
    input:
        probabilities="<results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy",
        predictions="<results>/predictions/{model}/{loss}/seed{seed}/index.tsv",
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
    output:
        threshold="<results>/evaluation/{model}/{loss}/seed{seed}/threshold.json",
        curve="<results>/evaluation/{model}/{loss}/seed{seed}/threshold_curve.tsv",
    log:
        "<logs>/choose_threshold/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/choose_threshold/{model}_{loss}_seed{seed}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    script:
        "../../scripts/choose_threshold.py"


rule score_predictions:
    """Score each test scene: overlap, and the distance between the fronts in metres."""
    input:
        probabilities="<results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy",
        predictions="<results>/predictions/{model}/{loss}/seed{seed}/index.tsv",
        threshold=rules.choose_threshold.output.threshold,
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
    output:
        scores="<results>/evaluation/{model}/{loss}/seed{seed}/scores.tsv",
    log:
        "<logs>/score_predictions/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/score_predictions/{model}_{loss}_seed{seed}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        min_front_length_m=config["evaluation"]["min_front_length_m"],
    script:
        "../../scripts/score_predictions.py"


rule read_attention:
    """Read the attention maps of the figures' scenes at the kept epochs and at the best one."""
    input:
        weights=[
            *expand(
                "<results>/models/attention_unet/{{loss}}/seed{{seed}}/epoch_{epoch:03d}.safetensors",
                epoch=config["training"]["keep_epochs"],
            ),
            "<results>/models/attention_unet/{loss}/seed{seed}/weights.safetensors",
        ],
        record="<results>/models/attention_unet/{loss}/seed{seed}/run.json",
        # Scenes that the configuration names need not be chosen by their scores.
        scores=(
            []
            if config["figures"]["scenes"]
            else of_networks("<results>/evaluation/{model}/{loss}/seed{seed}/scores.tsv")
        ),
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
    output:
        attention="<results>/attention/{loss}/seed{seed}.npz",
    log:
        "<logs>/read_attention/{loss}_seed{seed}.log",
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="30m",
        gpu=1,
    params:
        scenes=config["figures"]["scenes"],
    script:
        "../../scripts/read_attention.py"
