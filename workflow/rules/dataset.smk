# Data set: the samples packed into a few arrays, and their split into training, validation and test.
#
# in:   <results>/samples/square/{scene}.npz, the checked scene table
# out:  <results>/dataset/images.npy, fronts.npy, valid.npy, index.tsv   the packed samples
#       <results>/dataset/zones.npy, zones.tsv   their zones, if networks learn them
#       <results>/dataset/split.tsv, split_made_from.json, leakage.tsv, leakage.md, leakage.html   the split, and how close its training and test scenes are
#       <results>/dataset/config.yaml   the configuration with all its defaults, but without what concerns new scenes only
from calvingfront.configuration.acting import acting_split
from calvingfront.vocabulary.auxiliary import learns_zones

# Scene → its mask of zones, if networks learn them.
ZONES = source_scenes.attrs.get("zones", {})

# What the split depends on under its method.
SPLIT = acting_split(config["split"], TRAINING["source"]["exclude"])


rule dataset:
    """Everything that a machine without Snakemake needs for training."""
    input:
        "<results>/dataset/images.npy",
        "<results>/dataset/split.tsv",
        "<results>/dataset/config.yaml",
        "<results>/dataset/zones.npy" if learns_zones(config) else [],
    localrule: True


rule pack_samples:
    """Pack the samples of all scenes with a front into arrays that training memory-maps."""
    input:
        samples=expand("<results>/samples/square/{scene}.npz", scene=SCENES),
        scenes=rules.check_scenes.output.table,
    output:
        images="<results>/dataset/images.npy",
        fronts="<results>/dataset/fronts.npy",
        valid="<results>/dataset/valid.npy",
        index="<results>/dataset/index.tsv",
    log:
        "<logs>/pack_samples.log",
    benchmark:
        "<benchmarks>/pack_samples.tsv"
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        made_from("calvingfront.dataset.pack:pack_files"),
    script:
        "../../scripts/dataset/pack_samples.py"


rule pack_zones:
    """Pack the zones of all scenes with a front, on the pixels of their samples."""
    input:
        index=rules.pack_samples.output.index,
        masks=[given(path) for path in ZONES.values()],
        images=[given(source_rows[scene]["image"]) for scene in ZONES],
    output:
        zones="<results>/dataset/zones.npy",
        table="<results>/dataset/zones.tsv",
    log:
        "<logs>/pack_zones.log",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=lambda _: max(2000, 300 + int(12 * max(map(megapixels, ZONES), default=0))),
        runtime="30m",
    params:
        made_from(
            "calvingfront.dataset.pack_zones:pack_zones",
            files={
                "masks": list(ZONES.values()),
                "images": [source_rows[scene]["image"] for scene in ZONES],
            },
        ),
        scenes=list(ZONES),
        size=config["samples"]["size"],
    script:
        "../../scripts/dataset/pack_zones.py"


rule split_scenes:
    """Split the scenes into training, validation and test, and measure the leakage between them."""
    input:
        index=rules.pack_samples.output.index,
        lists=split_lists,
    output:
        split="<results>/dataset/split.tsv",
        origin="<results>/dataset/split_made_from.json",
        leakage="<results>/dataset/leakage.tsv",
        summary="<results>/dataset/leakage.md",
        page=report(
            "<results>/dataset/leakage.html",
            caption="../report/leakage.rst",
            category="Data",
            labels={"item": "Leakage of the split"},
        ),
    log:
        "<logs>/split_scenes.log",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        made_from(
            "calvingfront.dataset.leakage:split_file",
            files={"lists": SPLIT_LISTS} if SPLIT_LISTS else {},
            values=SPLIT,
        ),
        **SPLIT,
    script:
        "../../scripts/dataset/split_scenes.py"


rule write_config:
    """Write the configuration of training and scoring, for the plain commands on a machine without Snakemake."""
    output:
        config="<results>/dataset/config.yaml",
    log:
        "<logs>/write_config.log",
    localrule: True
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime="10m",
    params:
        config=TRAINING,
    script:
        "../../scripts/dataset/write_config.py"
