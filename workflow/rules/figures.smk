# Figures: the paper's Figures 1 to 5, training and threshold curves, and the archive.
#
# in:   the packed samples, predictions, thresholds, scores, attention maps and histories
# out:  <results>/figures/NAME.png and .pdf
#
# calvingfront.figures.registry lists the figures; there is one rule for each that the configured networks allow.


rule figures:
    """Every figure."""
    input:
        [path for figure in figures_of(config) for path in outputs_of(figure.step).values()],
    localrule: True


for figure in figures_of(config):

    rule:
        name:
            figure.step
        input:
            **inputs_of(figure.step),
        output:
            **reported(figure, "png", figure.category),
        log:
            f"<logs>/{figure.step}.log",
        conda:
            f"../../envs/{'torch' if figure.torch else 'analysis'}.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="30m",
        params:
            code_of(figure.step),
            **parameters_of(figure.step),
        script:
            "../../scripts/figures/draw_figure.py"
