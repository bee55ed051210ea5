"""Splits: counts, determinism, and subsets that keep apart what they promise to."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from calvingfront.dataset.splits import apportion, split_scenes
from calvingfront.errors import Faults, SplitError
from calvingfront.scenes.lists.split_lists import read_lists


def archive(n, glaciers=("SI", "DBE"), step_days=40):
    rows = []
    for i in range(n):
        day = date(1995, 1, 1) + timedelta(days=i * step_days)
        rows.append((f"s{i:03d}", glaciers[i % len(glaciers)], day.isoformat()))
    return pd.DataFrame(rows, columns=["scene", "glacier", "acquired"])


def with_missions(scenes, missions=("ERS", "RSAT", "TSX")):
    return scenes.assign(mission=[missions[i % len(missions)] for i in range(len(scenes))])


def parts(split):
    return {subset: set(group["scene"]) for subset, group in split.groupby("subset")}


def test_shares_add_up_by_the_largest_remainder():
    assert apportion(244, [144, 50, 50]) == [144, 50, 50]
    assert apportion(60, [144, 50, 50]) == [36, 12, 12]
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert sum(apportion(61, [144, 50, 50])) == 61
    with pytest.raises(SplitError, match=r"\[0, 0, 0\] are not shares"):
        apportion(3, [0, 0, 0])


@pytest.mark.parametrize("method", ["paper", "random"])
def test_the_papers_counts_and_a_seed_that_decides(method):
    scenes = archive(244)
    split = split_scenes(scenes, method, seed=1)
    assert split["subset"].value_counts().to_dict() == {"train": 144, "validation": 50, "test": 50}
    assert split["scene"].is_unique
    assert set(split["scene"]) == set(scenes["scene"])
    shuffled = scenes.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(split, split_scenes(shuffled, method, seed=1))
    assert parts(split)["test"] != parts(split_scenes(scenes, method, seed=2))["test"]


def test_the_random_split_holds_the_glaciers_in_proportion():
    scenes = archive(120, glaciers=("A", "A", "A", "B"))
    split = split_scenes(scenes, "random", seed=5, shares=[2, 1, 1])
    glacier = split["scene"].map(scenes.set_index("scene")["glacier"])
    counts = pd.crosstab(split["subset"], glacier)
    assert counts.loc["train"].tolist() == pytest.approx([45, 15], abs=1)
    assert counts.loc["test"].tolist() == pytest.approx([22.5, 7.5], abs=1)


def write_lists(path, *rows):
    path.write_text("name,part\n" + "".join(f"{name},{part}\n" for name, part in rows))
    return {"lists": path, "lists_scene_column": "name", "lists_subset_column": "part"}


def test_lists_may_name_a_scene_twice_or_not_at_all(tmp_path):
    lists = write_lists(
        tmp_path / "lists.csv",
        ("s000", "train"), ("s000", "train"), ("", "train"), ("s001", "train"),
        ("s001", "test"), ("s002", "validation"), ("", "test"), ("s003", "test"),
    )  # fmt: skip
    published = read_lists(*lists.values())
    assert (published.rows, published.unnamed, published.repeated) == (8, 2, 1)
    subsets = parts(split_scenes(archive(4), "paper", **lists))
    assert subsets == {
        "train": {"s000", "s001"},
        "validation": {"s002"},
        "test": {"s001", "s003"},
    }


def test_a_listed_scene_must_exist_or_be_excluded(tmp_path):
    rows = [("s000", "train"), ("s001", "validation"), ("s002", "test"), ("lost", "test")]
    lists = write_lists(tmp_path / "lists.csv", *rows)
    with pytest.raises(SplitError, match="1 of its scenes are not in the archive, such as lost"):
        split_scenes(archive(3), "paper", **lists)
    assert parts(split_scenes(archive(3), "paper", **lists, excluded=["lost"]))["test"] == {"s002"}


def test_lists_that_cannot_be_read_say_why(tmp_path):
    path = tmp_path / "lists.csv"
    with pytest.raises(SplitError, match=r"split\.lists: there is no file"):
        read_lists(path, "name", "part")
    write_lists(path, ("s000", "development"), ("s001", ""))
    with pytest.raises(
        Faults,
        match=r"line 2: names the unknown subset 'development'[\s\S]*line 3: names no subset",
    ):
        read_lists(path, "name", "part")
    write_lists(path, ("s000", "test"))
    with pytest.raises(SplitError, match=r"has no column 'scene'\. Write one of: name, part"):
        read_lists(path, "scene", "part")


def test_whole_glaciers_are_held_out():
    scenes = archive(90, glaciers=("A", "B", "C"))
    glacier = scenes.set_index("scene")["glacier"]
    both = parts(split_scenes(scenes, "glacier", test_glaciers=["A"], validation_glaciers=["B"]))
    assert {subset: set(glacier[list(names)]) for subset, names in both.items()} == {
        "train": {"C"},
        "validation": {"B"},
        "test": {"A"},
    }
    drawn = parts(split_scenes(scenes, "glacier", test_glaciers=["A"]))
    assert set(glacier[list(drawn["test"])]) == {"A"}
    assert len(drawn["validation"]) == round(60 * 50 / 194)
    assert not drawn["validation"] & drawn["train"]


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        (
            {"test_glaciers": ["X"]},
            "split.test_glaciers: X is not a glacier of the data set. Write some of",
        ),
        ({"test_glaciers": ["SI", "DBE"]}, "nothing is left to train on"),
        ({"test_glaciers": ["SI"], "validation_glaciers": ["SI"]}, "SI is also a test glacier"),
        ({"validation_glaciers": ["SI"]}, "leaves no test scene"),
    ],
)
def test_glaciers_that_cannot_be_held_out(held_out, message):
    with pytest.raises(SplitError, match=message):
        split_scenes(archive(20), "glacier", **held_out)


def test_whole_missions_are_held_out_and_validation_is_of_the_others():
    scenes = with_missions(archive(90, glaciers=("A", "B")))
    mission = scenes.set_index("scene")["mission"]
    split = split_scenes(scenes, "mission", test_missions=["TSX"])
    subsets = parts(split)
    assert subsets["test"] == set(mission.index[mission == "TSX"])
    assert set(mission[list(subsets["train"] | subsets["validation"])]) == {"ERS", "RSAT"}
    assert len(subsets["validation"]) == round(60 * 50 / 194)
    assert not subsets["validation"] & subsets["train"]
    glacier = scenes.set_index("scene")["glacier"]
    drawn = glacier[list(subsets["validation"])].value_counts()
    assert abs(drawn["A"] - drawn["B"]) <= 1
    two = parts(split_scenes(scenes, "mission", test_missions=["TSX", "ERS"]))
    assert set(mission[list(two["train"])]) == {"RSAT"}
    again = split_scenes(scenes.sample(frac=1, random_state=2), "mission", test_missions=["TSX"])
    pd.testing.assert_frame_equal(split, again)


@pytest.mark.parametrize(
    ("missions", "message"),
    [
        (["TDX"], "split.test_missions: TDX is not a mission of the data set. Write some of: ERS"),
        (["ERS", "RSAT", "TSX"], "nothing is left to train on: all of ERS, RSAT, TSX are held out"),
        ([], "split.method mission: leaves no test scene"),
    ],
)
def test_missions_that_cannot_be_held_out(missions, message):
    with pytest.raises(SplitError, match=message):
        split_scenes(with_missions(archive(30)), "mission", test_missions=missions)


METHODS = [
    {"method": "paper"},
    {"method": "random"},
    {"method": "glacier", "test_glaciers": ["DBE"]},
    {"method": "mission", "test_missions": ["TSX"]},
    {"method": "time"},
    {"method": "middle"},
]


@pytest.mark.parametrize("options", METHODS, ids=lambda options: options["method"])
def test_smaller_shares_of_the_training_scenes_are_parts_of_larger_ones(options):
    scenes = with_missions(archive(160, glaciers=("SI", "SI", "SI", "DBE", "DBE")))
    whole = split_scenes(scenes, **options)
    glacier = scenes.set_index("scene")["glacier"]
    before: set[str] = set()
    for share in (0.1, 0.25, 0.5, 0.9, 1.0):
        split = split_scenes(scenes, **options, train_share=share)
        subsets = parts(split)
        assert before < subsets["train"]
        before = subsets["train"]
        full = parts(whole)
        assert len(before) == -(-round(len(full["train"]) * share * 1e6) // 10**6)
        assert before | subsets.get("unused", set()) == full["train"]
        for subset in ("validation", "test"):
            assert subsets[subset] == full[subset]
        for name, count in glacier[list(full["train"])].value_counts().items():
            kept = int((glacier[list(before)] == name).sum())
            assert abs(kept - share * count) <= 1
    pd.testing.assert_frame_equal(split, whole)  # all of them is as without the share


def test_the_seed_decides_which_training_scenes_are_kept(tmp_path):
    rows = [(f"s{i:03d}", ("train", "validation", "test")[i % 3]) for i in range(60)]
    lists = write_lists(tmp_path / "lists.csv", *rows)
    one, two = (
        parts(split_scenes(archive(60), "paper", seed=seed, **lists, train_share=0.5))
        for seed in (1, 2)
    )
    assert one["train"] != two["train"]
    assert one["test"] == two["test"]


def test_a_kept_share_takes_a_scene_of_two_subsets_from_the_training_only(tmp_path):
    rows = [("s000", "train"), ("s000", "test"), ("s002", "train"), ("s001", "validation")]
    lists = write_lists(tmp_path / "lists.csv", *rows, ("s003", "test"))
    for seed in range(1, 9):
        subsets = parts(split_scenes(archive(4), "paper", seed=seed, **lists, train_share=0.5))
        assert len(subsets["train"]) == 1
        assert subsets["test"] == {"s000", "s003"}


@pytest.mark.parametrize("share", [0, -0.5, 1.5])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(SplitError, match=rf"split\.train_share: {share} is no share"):
        split_scenes(archive(30), "random", train_share=share)


def test_the_split_in_time_keeps_its_gaps_in_each_glacier():
    scenes = archive(200, step_days=20)
    split = split_scenes(scenes, "time", gap_days=180)
    table = split.merge(scenes, on="scene")
    table["day"] = pd.to_datetime(table["acquired"])
    assert set(split["scene"]) == set(scenes["scene"])
    assert set(split["subset"]) == {"train", "validation", "test", "gap"}
    for _, group in table.groupby("glacier"):
        days = {subset: part["day"] for subset, part in group.groupby("subset")}
        assert (days["validation"].min() - days["train"].max()).days >= 180
        assert (days["test"].min() - days["validation"].max()).days >= 180
        assert len(days["test"]) == apportion(100, [144, 50, 50])[2]


def test_the_split_in_the_middle_trains_before_and_after_and_keeps_both_gaps():
    scenes = archive(200, step_days=20)
    split = split_scenes(scenes, "middle", gap_days=180)
    table = split.merge(scenes, on="scene")
    table["day"] = pd.to_datetime(table["acquired"])
    assert set(split["scene"]) == set(scenes["scene"])
    assert split["scene"].is_unique
    for _, group in table.groupby("glacier"):
        days = {subset: part["day"] for subset, part in group.groupby("subset")}
        train = days["train"]
        before, after = train[train < days["test"].min()], train[train > days["test"].max()]
        assert (days["validation"].min() - before.max()).days >= 180
        assert (days["test"].min() - days["validation"].max()).days >= 180
        assert (after.min() - days["test"].max()).days >= 180
        assert len(days["test"]) == apportion(100, [144, 50, 50])[2]
        assert len(before) + len(after) == len(train)
        assert abs(len(before) - len(after)) < 12


@pytest.mark.parametrize("method", ["time", "middle"])
def test_scenes_of_one_day_never_stand_on_two_sides(method):
    scenes = archive(60, glaciers=("A",), step_days=5)
    scenes["acquired"] = sorted(list(scenes["acquired"])[::2] * 2)
    table = split_scenes(scenes, method, gap_days=0).merge(scenes, on="scene")
    used = table[table["subset"] != "gap"]
    assert used.groupby("acquired")["subset"].nunique().max() == 1


def test_a_gap_that_swallows_the_training_scenes_is_told():
    with pytest.raises(SplitError, match=r"split\.method time: leaves no train scene among 30"):
        split_scenes(archive(30, step_days=10), "time", gap_days=3000)


def test_an_unknown_method_is_refused():
    said = r"'loo' is unknown\. Write one of paper, random, glacier, mission, time, middle"
    with pytest.raises(SplitError, match=said):
        split_scenes(archive(9), "loo")


def test_too_few_scenes_leave_a_subset_empty():
    with pytest.raises(SplitError, match="leaves no validation scene among 1"):
        split_scenes(archive(1), "paper")
