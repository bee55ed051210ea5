"""Batches of augmented samples on the training's device."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.compute.memory import free_memory
from calvingfront.compute.prefetch import prefetched
from calvingfront.dataset.history import History
from calvingfront.dataset.reading import Dataset, SampleReader
from calvingfront.fronts.distance import distance_to_front
from calvingfront.training.augmentation import COPIES, Augmentation, Copier
from calvingfront.training.feed_source import Batch, FeedSource
from calvingfront.training.sampling import missions_of
from calvingfront.training.settings import TrainingSettings

log = logging.getLogger(__name__)
# Augmentation of the validation set: the released code augments it too.
OF_VALIDATION: dict[Augmentation, Augmentation] = {
    "paper": "none",
    "released": "released",
    "none": "none",
    "sar": "none",
}
# Of the free memory when a feed is made; the rest is for the network and its feature maps.
RESIDENT_SHARE = 0.4
CHUNK = 16  # samples read at a time into a resident feed
Uint8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]


class _Samples:
    """What the two kinds of feed share: the facts of their samples, and how copies are made."""

    def __init__(self, source: FeedSource) -> None:
        self.device, self.scenes, self.size = source.device, source.scenes, source.size
        self.missions = list(source.missions)
        self.copies = COPIES[source.augmentation]
        self.shifted, self.weighted = source.shifted, source.weighted
        self._copier = Copier(self.size, self.copies, self.shifted, self.device)

    @property
    def count(self) -> int:
        """The number of items: every augmented copy of every scene."""
        return len(self.scenes) * self.copies

    def _copied(self, items: Tensor, plain: Batch, measured: Tensor) -> Batch:
        """Make the items from plain samples; `measured`: their distances if those do not turn."""
        turning = plain._asdict()
        if not self.weighted or self.shifted:
            del turning["distances"]
        turning = {name: part for name, part in turning.items() if part.numel()}
        copies = self._copier.take(items, *turning.values())
        plain = plain._replace(distances=measured)
        return plain._replace(**dict(zip(turning, copies, strict=True)))


class StreamedFeed(_Samples):
    """Samples that threads read from the archive while the device computes.

    Memory holds `threads` + 3 batches, regardless of the archive's size.
    """

    kind = "streamed"

    def __init__(self, source: FeedSource) -> None:
        super().__init__(source)
        self.threads, self.history, self.channels = source.threads, source.history, source.channels
        rows = np.arange(len(self.scenes)) if source.rows is None else source.rows
        self._images, self._fronts = (
            SampleReader(array, rows, self.scenes) for array in (source.images, source.fronts)
        )
        self._zones: SampleReader | None = None
        if source.zones is not None:
            self._zones = SampleReader(source.zones, rows, self.scenes)
        self._host = Copier(self.size, self.copies, self.shifted, torch.device("cpu"))

    def batches(self, items: Int64, batch_size: int) -> Iterator[Batch]:
        """Yield the items in their order, `batch_size` at a time; the last batch may be smaller.

        Raises SampleError with the scene's name if it cannot be read.
        """
        parts = (items[k : k + batch_size] for k in range(0, len(items), batch_size))
        ahead = self.threads + 2
        if self.device.type == "cpu":
            yield from prefetched(
                lambda part: self._augmented(*self._read(part)), parts, self.threads, ahead
            )
            return
        # The host may run far ahead of the device; batches that wait for their transfer use memory.
        issued: deque[torch.cuda.Event] = deque()
        with closing(prefetched(self._read, parts, self.threads, ahead, self.device)) as read:
            for items_read, plain in read:
                there = [part.to(self.device, non_blocking=True) for part in (items_read, *plain)]
                # Blocking: otherwise the waiting host would spin on a core that the threads need.
                issued.append(torch.cuda.Event(blocking=True))  # type: ignore[no-untyped-call]
                issued[-1].record()
                if len(issued) > ahead:
                    issued.popleft().synchronize()
                yield self._augmented(there[0], Batch(*there[1:]))

    def _read(self, part: Int64) -> tuple[Tensor, Batch]:
        """Read the plain samples of some items; return the items' places among them, and them."""
        positions, codes = np.divmod(part, self.copies)
        images = self._buffer(len(part), torch.uint8, self.channels)
        fronts = self._buffer(len(part), torch.uint8)
        zones = torch.empty(0, dtype=torch.uint8)
        if self._zones is not None:
            zones = self._buffer(len(part), torch.uint8)
        for k, position in enumerate(positions.tolist()):
            self._images.read(position, images.numpy()[k, 0])
            self._fronts.read(position, fronts.numpy()[k, 0])
            if self._zones is not None:
                self._zones.read(position, zones.numpy()[k, 0])
            if self.history is not None:
                self.history.read(position, images.numpy()[k, 1:])
        items = torch.from_numpy(np.arange(len(part)) * self.copies + codes)
        if self.device.type == "cuda":
            items = items.pin_memory()
        if not self.weighted:
            return items, Batch(images, fronts, torch.empty(0), zones)
        # The shift cuts off parts of fronts and leaves a blank border. A shifted distance map would
        # be zero there, so each shifted copy is measured by itself.
        masks = self._host.take(items, fronts)[0] if self.shifted else fronts
        distances = self._buffer(len(part), torch.float32)
        for mask, distance in zip(masks.numpy(), distances.numpy(), strict=True):
            distance[0] = distance_to_front(mask[0])
        return items, Batch(images, fronts, distances, zones)

    def _augmented(self, items: Tensor, plain: Batch) -> Batch:
        """Make the items from plain samples, on the device that holds these."""
        return plain if self.copies == 1 else self._copied(items, plain, plain.distances)

    def _buffer(self, count: int, dtype: torch.dtype, channels: int = 1) -> Tensor:
        shape = (count, channels, self.size, self.size)
        return torch.empty(shape, dtype=dtype, pin_memory=self.device.type == "cuda")


class ResidentFeed(_Samples):
    """All samples on the device, with distance maps that were measured once.

    Its batches are bit-identical to those of a StreamedFeed. `samples`: the plain samples; with
    `released` copies and a distance weight, the distances of every copy (n · 8, 1, s, s).
    """

    kind = "resident"

    def __init__(self, source: FeedSource) -> None:
        super().__init__(source)
        device, maps = source.device, source.distance_maps
        n, plane = len(self.scenes), (1, self.size, self.size)
        self.samples = Batch(
            torch.empty((n, source.channels, *plane[1:]), dtype=torch.uint8, device=device),
            torch.empty((n, *plane), dtype=torch.uint8, device=device),
            torch.empty((n * maps, *plane) if maps else (0,), device=device),
            torch.empty(
                (0,) if source.zones is None else (n, *plane), dtype=torch.uint8, device=device
            ),
        )
        # Each shifted copy has its own distances; copy 0 is the plain sample.
        copies = max(1, maps)
        once = StreamedFeed(source if copies > 1 else replace(source, augmentation="none"))
        for k, batch in enumerate(once.batches(np.arange(once.count), CHUNK * copies)):
            own = slice(k * CHUNK, (k + 1) * CHUNK)
            self.samples.images[own] = batch.images[::copies]
            self.samples.fronts[own] = batch.fronts[::copies]
            if source.zones is not None:
                self.samples.zones[own] = batch.zones[::copies]
            if maps:
                first = k * CHUNK * maps
                self.samples.distances[first : first + len(batch.distances)] = batch.distances

    def batches(self, items: Int64, batch_size: int) -> Iterator[Batch]:
        """Yield the items in their order, `batch_size` at a time; the last batch may be smaller.

        Only the order of the items is sent to the device, once; the host does not wait for it.
        """
        order = torch.from_numpy(np.ascontiguousarray(items)).to(self.device)
        distances, of_copies = self.samples.distances, self.weighted and self.shifted
        for k in range(0, len(order), batch_size):
            part = order[k : k + batch_size]
            own = distances.index_select(0, part) if of_copies else distances
            yield self._copied(part, self.samples, own)


def resident_bytes(source: FeedSource) -> int:
    """Count the bytes of a ResidentFeed: one per channel, front and zone, four per distance."""
    zones = int(source.zones is not None)
    bytes_per_pixel = source.channels + 1 + zones + 4 * source.distance_maps
    return len(source.scenes) * source.size**2 * bytes_per_pixel


def feed_of(
    data: Dataset,
    scenes: list[str],
    augmentation: Augmentation,
    weighted: bool,
    settings: TrainingSettings,
    device: torch.device,
    history: History | None = None,
    zones: Uint8 | None = None,
) -> ResidentFeed | StreamedFeed:
    """Make the feed for some scenes, of the kind that `training.feed` asks for.

    `auto`: resident if it takes at most RESIDENT_SHARE of the device's free memory, else streamed.
    weighted: whether anything is learnt from distances. history: of the scenes, for a network that
    reads it. zones: of all scenes of `data`, if they are learnt.
    """
    source = FeedSource(
        device, scenes, data.images, data.fronts, augmentation, data.rows(scenes), weighted,
        settings.threads, missions_of(data, scenes) if settings.sampling == "missions" else (),
        history, zones,
    )  # fmt: skip
    needed = resident_bytes(source)
    kind = settings.feed
    if kind == "auto":
        free = free_memory(device, settings.gpu_slots)
        kind = "resident" if needed <= RESIDENT_SHARE * free else "streamed"
        log.info(
            "%s feed: the samples take %.3g GB, %.3g GB are free", kind, needed / 1e9, free / 1e9
        )
    return ResidentFeed(source) if kind == "resident" else StreamedFeed(source)
