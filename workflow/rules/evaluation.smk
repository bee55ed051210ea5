# Evaluation: predictions of the networks, averages of these, of the rules without a network and of others, thresholds and scores.
#
# in:   trained weights, the packed samples and the split; the folders of `others`
# out:  <results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy, index.tsv   validation and test scenes
#       <results>/evaluation/{model}/{loss}/seed{seed}/threshold.json, threshold_curve.tsv, scores.tsv
#       <results>/attention/{model}/{loss}/seed{seed}/maps.npz   attention maps of the figures' scenes


rule predict_fronts:
    """Predict the validation and test scenes with one trained network."""
    input:
        **inputs_of("predict_fronts"),
    output:
        **outputs_of("predict_fronts"),
    log:
        "<logs>/predict_fronts/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/predict_fronts/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model=NETWORK_NAMES,
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="1h",
        gpu=1,
    params:
        code_of("predict_fronts"),
        **parameters_of("predict_fronts"),
    script:
        "../../scripts/evaluation/predict_fronts.py"


rule average_predictions:
    """Average the predictions of several networks."""
    input:
        **inputs_of("average_predictions"),
    output:
        **outputs_of("average_predictions"),
    log:
        "<logs>/average_predictions/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=AVERAGE_NAMES,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        code_of("average_predictions"),
        **parameters_of("average_predictions"),
    script:
        "../../scripts/evaluation/average_predictions.py"


rule filter_predictions:
    """Filter the predictions of a network with the fronts of other dates."""
    input:
        **inputs_of("filter_predictions"),
    output:
        **outputs_of("filter_predictions"),
    log:
        "<logs>/filter_predictions/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=FILTERED_NAMES,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        code_of("filter_predictions"),
        **parameters_of("filter_predictions"),
    script:
        "../../scripts/evaluation/filter_predictions.py"


rule predict_without_network:
    """Predict the validation and test scenes by a rule without a network."""
    input:
        **inputs_of("predict_without_network"),
    output:
        **outputs_of("predict_without_network"),
    log:
        "<logs>/predict_without_network/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=BASELINE_NAMES,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        code_of("predict_without_network"),
        **parameters_of("predict_without_network"),
    script:
        "../../scripts/evaluation/predict_without_network.py"


rule import_others:
    """Import a result of others, masks or lines in files, as predictions on the grids of the samples."""
    input:
        **inputs_of("import_others"),
    output:
        **outputs_of("import_others"),
    log:
        "<logs>/import_others/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=OTHER_NAMES,
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        code_of("import_others"),
        **parameters_of("import_others"),
    script:
        "../../scripts/evaluation/import_others.py"


rule fix_threshold:
    """Write the fixed threshold of a result of others that consists of masks or lines."""
    input:
        **inputs_of("fix_threshold"),
    output:
        **outputs_of("fix_threshold"),
    log:
        "<logs>/fix_threshold/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=BINARY_NAMES,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        code_of("fix_threshold"),
        **parameters_of("fix_threshold"),
    script:
        "../../scripts/evaluation/fix_threshold.py"


rule choose_threshold:
    """Choose the threshold on the validation scenes, and the paper's on the test scenes."""
    input:
        **inputs_of("choose_threshold"),
    output:
        **outputs_of("choose_threshold"),
    log:
        "<logs>/choose_threshold/{model}_{loss}_seed{seed}.log",
    benchmark:
        "<benchmarks>/choose_threshold/{model}_{loss}_seed{seed}.tsv"
    wildcard_constraints:
        model=THRESHOLDED_NAMES,
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        code_of("choose_threshold"),
        **parameters_of("choose_threshold"),
    script:
        "../../scripts/evaluation/choose_threshold.py"


rule score_predictions:
    """Score each test scene: overlap, and distance between the fronts in metres."""
    input:
        **inputs_of("score_predictions"),
    output:
        **outputs_of("score_predictions"),
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
        code_of("score_predictions"),
        **parameters_of("score_predictions"),
    script:
        "../../scripts/evaluation/score_predictions.py"


rule read_attention:
    """Compute the attention maps of the figures' scenes at the kept epochs and the best epoch."""
    input:
        **inputs_of("read_attention"),
    output:
        **outputs_of("read_attention"),
    log:
        "<logs>/read_attention/{model}_{loss}_seed{seed}.log",
    wildcard_constraints:
        model=NETWORK_NAMES,
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        mem_mb=training_memory,
        runtime="30m",
        gpu=1,
    params:
        code_of("read_attention"),
        **parameters_of("read_attention"),
    script:
        "../../scripts/evaluation/read_attention.py"
