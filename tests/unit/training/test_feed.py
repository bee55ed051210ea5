"""Feeds: the right pixels and distances in the right order, from memory or from the archive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from calvingfront.compute.prefetch import THREAD_NAME
from calvingfront.dataset.reading import Dataset, SampleReader, open_dataset
from calvingfront.errors import SampleError
from calvingfront.fronts.distance import distance_to_front
from calvingfront.losses.loss import build_loss
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training import feed as feed_module
from calvingfront.training.augmentation import transform
from calvingfront.training.feed import ResidentFeed, StreamedFeed, feed_of, resident_bytes
from calvingfront.training.feed_source import Batch, FeedSource
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from packed import band, write_packed
from small_trainings import NEEDS_GPU

CPU = torch.device("cpu")
FeedBuilder = Callable[..., ResidentFeed]
SIZE, SCENES = 16, 23
ROWS = np.array([4, 0, 21, 7, 8, 9, 19, 2])


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A mapped archive: slanting fronts, one at the border, one scene without any."""
    fronts = np.stack([band(SIZE, k % 14, 2) for k in range(SCENES)])
    for k, mask in enumerate(fronts):
        mask[:, k % 11 :] = np.roll(mask, k % 3, axis=0)[:, k % 11 :]
    fronts[7] = 0
    monkeypatch.setattr(feed_module, "CHUNK", 3)  # so that a resident feed is read in several
    return open_dataset(write_packed(tmp_path, fronts))


def source(data: Dataset, augmentation: Any = "paper", **changes: Any) -> FeedSource:
    scenes = data.index["scene"][ROWS].tolist()
    values = {"device": CPU, "augmentation": augmentation, "rows": ROWS, **changes}
    return FeedSource(scenes=scenes, images=data.images, fronts=data.fronts, **values)


def build(kind: type[Any], data: Dataset, augmentation: str = "paper", **changes: Any) -> Any:
    return kind(source(data, augmentation, **changes))


def order(feed: Any, seed: int = 3) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(feed.count)


def reading_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(THREAD_NAME)]


def stop_at_once(batches: Iterator[Batch]) -> None:
    for _ in batches:
        raise RuntimeError("enough")


@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
def test_batches_are_the_copies_and_distances_of_their_definition_to_the_bit(
    archive: Dataset, kind: type[Any], augmentation: str
) -> None:
    """An exact copy's distances turn with it; a shifted copy is measured anew."""
    feed = build(kind, archive, augmentation)
    shifted = augmentation == "released"
    items = order(feed)
    batches = list(feed.batches(items, 5))
    assert {len(b.images) for b in batches[:-1]} == {5}
    assert len(batches[-1].images) == (len(items) - 1) % 5 + 1
    whole = Batch(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
    assert whole.images.shape == (len(items), 1, SIZE, SIZE)
    for k, item in enumerate(items.tolist()):
        row, code = ROWS[item // feed.copies], item % feed.copies
        image, mask = (torch.tensor(a[row])[None] for a in (archive.images, archive.fronts))
        turned = transform(mask, code, shifted)
        plain = turned if shifted else mask
        distance = torch.from_numpy(distance_to_front(plain[0].numpy()))[None]
        assert torch.equal(whole.images[k], transform(image, code, shifted))
        assert torch.equal(whole.fronts[k], turned)
        assert torch.equal(whole.distances[k], distance if shifted else transform(distance, code))


@pytest.mark.parametrize("augmentation", ["paper", "released"])
def test_distances_of_a_batch_are_those_of_its_own_masks(
    feed: FeedBuilder, augmentation: str
) -> None:
    """A turned image weighs the pixels by the turned front, the released shift included."""
    data = feed(2, 1, size=16, augmentation=augmentation)
    (batch,) = data.batches(np.arange(16), 16)
    for k in range(16):
        measured = distance_to_front(batch.fronts[k, 0].numpy())
        np.testing.assert_allclose(batch.distances[k, 0].numpy(), measured, atol=1e-4)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_streamed_feed_gives_the_batches_of_a_resident_one_to_the_bit(
    archive: Dataset, weighted: bool, augmentation: str, threads: int
) -> None:
    feeds = [
        build(kind, archive, augmentation, weighted=weighted, threads=threads)
        for kind in (ResidentFeed, StreamedFeed)
    ]
    items = order(feeds[0])
    pairs = zip(*(list(feed.batches(items, 3)) for feed in feeds), strict=True)
    for resident, streamed in pairs:
        for one, other in zip(resident, streamed, strict=True):
            assert one.dtype == other.dtype
            assert torch.equal(one, other)


@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
def test_without_a_distance_weight_no_distance_is_measured_and_a_step_does_without(
    archive: Dataset, kind: type[Any], augmentation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_mask: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(feed_module, "distance_to_front", measured)
    feed = build(kind, archive, augmentation, weighted=False)
    (batch,) = feed.batches(np.arange(4), 4)
    assert batch.distances.shape == (0,)
    torch.manual_seed(1)
    network = build_network(NetworkSettings("unet", width=2, depth=1, kernel=3))
    step = Step(network, build_loss("bce"), TrainingSettings(device="cpu"), CPU)
    assert torch.isfinite(step.train(batch, 1e-3))
    assert torch.isfinite(step.evaluate(batch)[1]).all()


def test_a_resident_feed_measures_each_map_once(
    archive: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        calls.append(1)
        return distance_to_front(mask)

    monkeypatch.setattr(feed_module, "distance_to_front", counted)
    for augmentation, maps in (("paper", 1), ("released", 8), ("none", 1)):
        calls.clear()
        feed = build(ResidentFeed, archive, augmentation)
        for seed in range(2):
            list(feed.batches(order(feed, seed), 5))
        assert len(calls) == maps * len(ROWS), augmentation


@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
def test_batches_come_in_the_order_asked_for(archive: Dataset, kind: type[Any]) -> None:
    batches = list(build(kind, archive, "none").batches(np.array([2, 0, 1]), 2))
    assert [len(batch.images) for batch in batches] == [2, 1]
    images = torch.cat([batch.images for batch in batches])[:, 0].numpy()
    np.testing.assert_array_equal(images, archive.images[ROWS[[2, 0, 1]]])


def test_a_feed_needs_no_memory_map(archive: Dataset) -> None:
    """Arrays in memory, and slices of a map, whose offset is that of the whole map."""
    mapped = build(StreamedFeed, archive)
    plain = Dataset(np.array(archive.images), np.array(archive.fronts), archive.index)
    for one, other in zip(
        mapped.batches(np.arange(64), 8),
        build(StreamedFeed, plain).batches(np.arange(64), 8),
        strict=True,
    ):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    out = np.empty((SIZE, SIZE), np.uint8)
    SampleReader(archive.images[5:], np.array([1]), ["s"]).read(0, out)
    np.testing.assert_array_equal(out, archive.images[6])


def test_reading_threads_end_with_the_epoch_and_with_a_consumer_that_stops_early(
    archive: Dataset,
) -> None:
    feed = build(StreamedFeed, archive, threads=2)
    batches = feed.batches(order(feed), 5)
    next(batches)
    assert reading_threads()
    batches.close()
    assert not reading_threads()
    for _ in feed.batches(order(feed), 5):
        pass
    assert not reading_threads()
    with pytest.raises(RuntimeError, match="enough"):
        stop_at_once(feed.batches(order(feed), 5))
    assert not reading_threads()


def test_a_scene_that_cannot_be_read_is_named_where_its_batch_would_come(
    archive: Dataset,
) -> None:
    """s21 is the last of the rows: the file is cut off behind it."""
    feed = build(StreamedFeed, archive, "none", threads=2)
    path = Path(str(archive.fronts.filename))  # type: ignore[attr-defined]
    with path.open("r+b") as file:
        file.truncate(file.seek(0, 2) - SIZE * SIZE - 100)
    batches = feed.batches(np.arange(len(ROWS)), 1)
    assert len([next(batches), next(batches)]) == 2
    with pytest.raises(SampleError, match=r"s21: has 156 of its 256 bytes in .*fronts\.npy"):
        next(batches)
    assert not reading_threads()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_slow_consumer_has_a_bounded_number_of_batches_before_it(
    archive: Dataset, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = build(StreamedFeed, archive, threads=threads)
    begun: list[int] = []
    read = StreamedFeed._read

    def counted(self: StreamedFeed, part: npt.NDArray[np.int64]) -> Any:
        begun.append(1)
        return read(self, part)

    monkeypatch.setattr(StreamedFeed, "_read", counted)
    for number, _ in enumerate(feed.batches(order(feed), 4), start=1):
        # What is begun and not yet handed over, and the batch in hand.
        assert len(begun) - number <= threads + 2
        threading.Event().wait(0.01)
    assert len(begun) == 16


@pytest.mark.parametrize(
    ("asked", "share", "kind"),
    [
        ("auto", 1.01, "resident"),
        ("auto", 0.99, "streamed"),
        ("resident", 0.0, "resident"),
        ("streamed", 99.0, "streamed"),
    ],
)
def test_the_feed_is_resident_where_its_samples_fit_into_their_share_of_the_memory(
    archive: Dataset, asked: Any, share: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = archive.index["scene"][ROWS].tolist()
    needed = resident_bytes(source(archive))
    free = int(share * needed / feed_module.RESIDENT_SHARE)
    monkeypatch.setattr(feed_module, "free_memory", lambda _device, _slots: free)
    settings = TrainingSettings(feed=asked, device="cpu")
    feed = feed_of(archive, scenes, "paper", True, settings, CPU)
    assert feed.kind == kind
    (batch,) = feed.batches(np.arange(8) * 8, 8)
    np.testing.assert_array_equal(batch.images[:, 0].numpy(), archive.images[ROWS])


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
def test_the_memory_of_a_resident_feed_is_what_was_counted_before(
    archive: Dataset, augmentation: Any, weighted: bool
) -> None:
    feed = build(ResidentFeed, archive, augmentation, weighted=weighted)
    held = sum(part.numel() * part.element_size() for part in feed.samples)
    assert held == resident_bytes(source(archive, augmentation, weighted=weighted))


@NEEDS_GPU
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("augmentation", ["paper", "released", "none"])
@pytest.mark.parametrize("kind", [ResidentFeed, StreamedFeed])
def test_a_gpu_gets_the_batches_of_the_cpu_and_the_host_never_waits_for_it(
    archive: Dataset, kind: type[Any], augmentation: Any, weighted: bool
) -> None:
    here, there = (
        build(kind, archive, augmentation, device=device, weighted=weighted, threads=2)
        for device in (CPU, torch.device("cuda"))
    )
    items = order(here)
    batches = there.batches(items, 3)
    found = [next(batches)]  # the order goes to the device before the first batch
    torch.cuda.set_sync_debug_mode("error")
    try:
        found.extend(batches)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    for expected, batch in zip(here.batches(items, 3), found, strict=True):
        for one, other in zip(expected, batch, strict=True):
            assert other.device.type == "cuda"
            assert torch.equal(one, other.cpu())
