# Figures: the paper's Figures 1 to 5, and the curves and the archive behind them.
#
# in:   the packed samples, predictions, thresholds, scores, attention maps and histories
# out:  <results>/figures/NAME.png and .pdf

PREDICTIONS = of_networks("<results>/predictions/{model}/{loss}/seed{seed}/probabilities.npy")
THRESHOLDS = of_networks("<results>/evaluation/{model}/{loss}/seed{seed}/threshold.json")
NETWORK_SCORES = of_networks("<results>/evaluation/{model}/{loss}/seed{seed}/scores.tsv")
ATTENTION_MAPS = of_networks("<results>/attention/{loss}/seed{seed}.npz", model="attention_unet")
# Without an attention network there are no attention maps to draw.
FIGURES = ["figure1", "figure2", "figure3"] + (["figure4", "figure5"] if ATTENTION else [])
FIGURES += ["training_curves", "threshold_curves", "archive"]


rule figures:
    """Every figure."""
    input:
        expand("<results>/figures/{name}.{suffix}", name=FIGURES, suffix=["png", "pdf"]),


rule draw_architecture:
    """Figure 1: the network's stages, drawn from the network itself."""
    output:
        png=report(
            "<results>/figures/figure1.png",
            caption="../report/figure1.rst",
            category="Figures",
            labels={"item": "Figure 1: architecture"},
        ),
        pdf="<results>/figures/figure1.pdf",
    log:
        "<logs>/draw_architecture.log",
    conda:
        "../../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        model="attention_unet" if ATTENTION else config["networks"]["models"][0],
        variant=config["networks"]["variant"],
        width=config["networks"]["width"],
        depth=config["networks"]["depth"],
        kernel=config["networks"]["kernel"],
        size_px=config["samples"]["size"],
    script:
        "../../scripts/draw_architecture.py"


rule draw_weighting:
    """Figure 2: truth, weight map, prediction and weighted prediction."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        predictions=PREDICTIONS,
        thresholds=THRESHOLDS,
        scores=NETWORK_SCORES,
    output:
        png=report(
            "<results>/figures/figure2.png",
            caption="../report/figure2.rst",
            category="Figures",
            labels={"item": "Figure 2: distance weighting"},
        ),
        pdf="<results>/figures/figure2.pdf",
    log:
        "<logs>/draw_weighting.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        scenes=config["figures"]["scenes"],
    script:
        "../../scripts/draw_weighting.py"


rule draw_overlays:
    """Figure 3: predictions of every network and loss over two test scenes."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        predictions=PREDICTIONS,
        thresholds=THRESHOLDS,
        scores=NETWORK_SCORES,
    output:
        png=report(
            "<results>/figures/figure3.png",
            caption="../report/figure3.rst",
            category="Figures",
            labels={"item": "Figure 3: overlays"},
        ),
        pdf="<results>/figures/figure3.pdf",
    log:
        "<logs>/draw_overlays.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        scenes=config["figures"]["scenes"],
    script:
        "../../scripts/draw_overlays.py"


rule draw_attention_epochs:
    """Figure 4: attention maps at the kept epochs and the best one."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        attention=ATTENTION_MAPS,
        runs=of_networks(
            "<results>/models/{model}/{loss}/seed{seed}/run.json",
            model="attention_unet",
        ),
    output:
        png=report(
            "<results>/figures/figure4.png",
            caption="../report/figure4.rst",
            category="Figures",
            labels={"item": "Figure 4: attention by epoch"},
        ),
        pdf="<results>/figures/figure4.pdf",
    log:
        "<logs>/draw_attention_epochs.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/draw_attention_epochs.py"


rule draw_attention_losses:
    """Figure 5: attention maps of every loss."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
        attention=ATTENTION_MAPS,
    output:
        png=report(
            "<results>/figures/figure5.png",
            caption="../report/figure5.rst",
            category="Figures",
            labels={"item": "Figure 5: attention by loss"},
        ),
        pdf="<results>/figures/figure5.pdf",
    log:
        "<logs>/draw_attention_losses.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/draw_attention_losses.py"


rule draw_training:
    """Loss, validation monitor and learning rate of every training."""
    input:
        histories=of_networks("<results>/models/{model}/{loss}/seed{seed}/history.tsv"),
    output:
        png=report(
            "<results>/figures/training_curves.png",
            caption="../report/training_curves.rst",
            category="Training",
            labels={"item": "Training curves"},
        ),
        pdf="<results>/figures/training_curves.pdf",
    log:
        "<logs>/draw_training.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/draw_training.py"


rule draw_thresholds:
    """Scores of every row against the threshold."""
    input:
        curves=of_rows("<results>/evaluation/{model}/{loss}/seed{seed}/threshold_curve.tsv"),
        thresholds=of_rows("<results>/evaluation/{model}/{loss}/seed{seed}/threshold.json"),
    output:
        png=report(
            "<results>/figures/threshold_curves.png",
            caption="../report/threshold_curves.rst",
            category="Training",
            labels={"item": "Threshold curves"},
        ),
        pdf="<results>/figures/threshold_curves.pdf",
    log:
        "<logs>/draw_thresholds.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/draw_thresholds.py"


rule draw_archive:
    """Contact sheet of the scenes with their fronts, by mission."""
    input:
        images=rules.pack_samples.output.images,
        fronts=rules.pack_samples.output.fronts,
        index=rules.pack_samples.output.index,
    output:
        png=report(
            "<results>/figures/archive.png",
            caption="../report/archive.rst",
            category="Data",
            labels={"item": "Archive"},
        ),
        pdf="<results>/figures/archive.pdf",
    log:
        "<logs>/draw_archive.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    script:
        "../../scripts/draw_archive.py"
