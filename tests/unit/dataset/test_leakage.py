"""The leakage report of a split."""

from __future__ import annotations

import pandas as pd

from calvingfront.dataset.leakage import describe_leakage, leakage, split_file
from calvingfront.scenes.lists.split_lists import read_lists

SCENES = pd.DataFrame(
    [
        ("a1", "A", "2000-01-01"),
        ("a2", "A", "2000-03-01"),
        ("a3", "A", "2000-03-11"),
        ("b1", "B", "2000-03-02"),
        ("c1", "C", "2001-01-01"),
    ],
    columns=["scene", "glacier", "acquired"],
)


def split_of(**subsets):
    rows = [(scene, subset) for subset, scenes in subsets.items() for scene in scenes]
    return pd.DataFrame(rows, columns=["scene", "subset"])


def test_the_nearest_training_scene_is_of_the_same_glacier():
    report = leakage(SCENES, split_of(train=["a1", "a2", "b1"], test=["a3"]))
    row = report.iloc[0]
    assert (row["nearest_training_scene"], row["days"], row["in_training"]) == ("a2", 10, 0)


def test_a_test_scene_that_trains_is_its_own_nearest():
    report = leakage(SCENES, split_of(train=["a1", "a3"], test=["a3"]))
    row = report.iloc[0]
    assert (row["nearest_training_scene"], row["days"], row["in_training"]) == ("a3", 0, 1)


def test_a_glacier_without_training_scenes_has_no_days():
    report = leakage(SCENES, split_of(train=["a1"], test=["c1", "a2"]))
    assert report.set_index("scene")["days"].isna().to_dict() == {"a2": False, "c1": True}
    assert report.set_index("scene").loc["a2", "days"] == 60


def test_a_bar_in_the_name_of_a_glacier_stays_in_its_cell():
    scenes = SCENES.replace({"glacier": {"A": "A|B"}})
    split = split_of(train=["a1"], test=["a2"])
    text = describe_leakage(leakage(scenes, split), split, scenes, "random")
    (row,) = [line for line in text.splitlines() if line.startswith(r"| A\|B | 1 | 0 | 1 |")]
    assert row.count("|") - row.count(r"\|") == 8


def test_the_files_say_what_was_split(tmp_path):
    SCENES.to_csv(tmp_path / "index.tsv", sep="\t", index=False)
    (tmp_path / "lists.csv").write_text(
        "caffe_name,split\na1,train\na1,train\n,train\na3,train\na3,test\na2,test\nc1,validation\n"
        "lost,test\n"
    )
    split_file(
        tmp_path / "index.tsv",
        tmp_path / "split.tsv",
        tmp_path / "leakage.tsv",
        tmp_path / "leakage.md",
        lists=tmp_path / "lists.csv",
        exclude=["lost"],
        method="paper",
    )
    split = pd.read_csv(tmp_path / "split.tsv", sep="\t")
    assert len(split) == 5
    assert list(split.loc[split["scene"] == "a3", "subset"]) == ["train", "test"]
    table = pd.read_csv(tmp_path / "leakage.tsv", sep="\t")
    assert list(table["days"]) == [10, 0]
    summary = (tmp_path / "leakage.md").read_text()
    assert "2 of 2 test scenes (100 %) lie within 35 days" in summary
    assert "Scenes in two subsets: 1 in test and training," in summary
    assert (
        "8 rows: 1 have no scene name, 1 repeat a scene within its subset, 1 are excluded"
        in summary
    )
    assert "| A | 2 | 0 | 2 | 0 | 2 (100 %) | 5 |" in summary


def reported(tmp_path, scenes, **options):
    scenes.to_csv(tmp_path / "index.tsv", sep="\t", index=False)
    names = ("split.tsv", "leakage.tsv", "leakage.md")
    split_file(tmp_path / "index.tsv", *(tmp_path / name for name in names), **options)
    return (tmp_path / "leakage.md").read_text()


def archive():
    rows = [
        (f"{glacier}{day:02d}", glacier, mission, f"2000-{month:02d}-{day:02d}")
        for glacier in ("A", "B")
        for mission, day in (("ERS", 1), ("TSX", 11))
        for month in range(1, 9)
    ]
    table = pd.DataFrame(rows, columns=["scene", "glacier", "mission", "acquired"])
    return table.assign(scene=[f"s{number:02d}" for number in range(len(table))])


def test_a_held_out_mission_is_told_with_the_near_fronts_of_the_others(tmp_path):
    text = reported(tmp_path, archive(), method="mission", test_missions=["TSX"])
    assert "Held out: every scene of TSX. Training scenes: ERS." in text
    assert "15 of 16 test scenes (94 %) lie within 35 days of a training scene" in text
    assert "No test scene has a training scene of its own glacier" not in text
    assert "the glaciers are the same" in text
    assert "The score measures interpolation" not in text
    assert "| ERS | 12 | 4 | 0 | 0 | – | – |" in text
    assert "| TSX | 0 | 0 | 16 | 0 | 15 (94 %) | 10 |" in text
    assert text.count("| TSX |") == 1


def test_a_held_out_glacier_is_told_as_unknown_to_rows_that_use_fronts(tmp_path):
    text = reported(tmp_path, archive(), method="glacier", test_glaciers=["B"])
    assert "Held out: every scene of B. Training scenes: A." in text
    assert "No test scene has a training scene of its own glacier" in text
    assert "know nothing of such a glacier" in text


def test_missions_that_a_split_in_time_leaves_out_of_training_are_told(tmp_path):
    scenes = archive()
    late = pd.to_datetime(scenes["acquired"]).dt.month >= 6
    scenes["mission"] = late.map({True: "TSX", False: "ERS"})
    text = reported(tmp_path, scenes, method="time", shares=[5, 2, 2], gap_days=0)
    assert "6 of 6 test scenes (100 %) are of missions without a training scene: TSX." in text
    text = reported(tmp_path, archive(), method="time", shares=[5, 2, 2], gap_days=0)
    assert "without a training scene:" not in text


def test_training_scenes_that_are_left_out_are_counted(tmp_path):
    text = reported(tmp_path, archive(), method="random", shares=[2, 1, 1], train_share=0.25)
    assert "Training uses 4 of 16 scenes (split.train_share)." in text
    assert "| glacier | training | validation | test | in a gap | left out | within" in text
    assert "| A | 2 | 4 | 4 | 0 | 6 |" in text


def test_the_papers_own_split_leaks_as_its_authors_files_show(shared_data):
    """33 of 50 test images within 35 days of training, two scenes on both sides."""
    rows = pd.read_csv(shared_data / "fau-splits" / "split_to_caffe.csv")
    rows["scene"] = rows["glacier"] + "_" + rows["fau_name"]
    rows["acquired"] = rows["fau_name"].str[:10]
    report = leakage(rows.drop_duplicates("scene"), rows.rename(columns={"split": "subset"}))
    assert len(report) == 50
    assert (report["days"] <= 35).sum() == 33
    assert report["in_training"].sum() == 2


def test_the_published_lists_name_221_scenes(shared_data):
    lists = read_lists(shared_data / "fau-splits" / "split_to_caffe.csv", "caffe_name", "split")
    assert (lists.rows, lists.unnamed) == (244, 6)
    assert lists.table["scene"].nunique() == 221
