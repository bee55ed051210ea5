"""A model as one folder that says everything: weights, settings, threshold, scores, licence.

`model_export.export_model` makes it from finished runs, `read_model` reads it. Its files are the
weights of the members (`member_1.safetensors` …), `model.json` for programs and `README.md` for
people. The same runs give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import ModelError
from calvingfront.files import PathLike, read_json
from calvingfront.locating.model.content import ContentError, ModelCard, parse
from calvingfront.vocabulary.models import NETWORKS, reads_history

if TYPE_CHECKING:
    from calvingfront.networks.unet import UNet

CONTENT, CARD = "model.json", "README.md"
FORMAT, VERSION = "calvingfront model", 3
SHIPPED = Path(__file__).parents[1] / "weights"  # the model that comes with the package
COPY = (
    "Copy the folder again from where it came from; if the workflow made it, remove the folder and "
    "run the same command again."
)


@dataclass(frozen=True)
class ModelFolder(ModelCard):
    """A model that has been read and checked. path: its folder."""

    path: Path = field(kw_only=True)

    def load_networks(self) -> list[UNet]:
        """Build the members' networks with their weights, on the CPU, ready to predict.

        The threshold is that of the mean of their probabilities (sigmoid of the logits).

        Raises ModelError if a file was changed since the folder was read, if its weights belong to
        another network, or if this installation does not know the network.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        from calvingfront.networks.build import build_network
        from calvingfront.networks.settings import NetworkSettings

        networks = []
        for member in self.members:
            path = self.path / member.weights
            if member.network.get("model") not in NETWORKS:
                raise ModelError(
                    path,
                    f"needs the network '{member.network.get('model')}', which is not known here",
                    f"Register it (`register_network`), or use one of {', '.join(NETWORKS)}.",
                )
            if reads_history(member.network["model"]):
                raise ModelError(
                    path,
                    "reads fronts of other dates, which a model folder does not carry",
                    "Use a model of networks that read the image alone.",
                )
            try:
                network = build_network(NetworkSettings(**member.network), start=False)
                network.load_state_dict(load(checked_bytes(path, member.sha256)))
            except (RuntimeError, TypeError, SafetensorError) as error:
                what = f"does not match the network described by {CONTENT}"
                reason = str(error).splitlines()[0]
                raise ModelError(path, f"{what} ({reason})", COPY) from error
            networks.append(network.eval())
        return networks


def read_model(folder: PathLike) -> ModelFolder:
    """Read a model folder and check all of its files.

    Raises ModelError if it is no model folder, has another version of the format, or if a file is
    missing or was changed.
    """
    path = Path(folder)
    content = read_content(path)
    version = content.get("version")
    if version != VERSION:
        raise ModelError(
            path / CONTENT,
            f"has version {version} of the format; this calvingfront reads version {VERSION}",
            "Use the calvingfront that wrote it, or export the model again with this one.",
        )
    digest = content.pop("content_sha256", None)
    if digest != digest_of(content):
        raise ModelError(path / CONTENT, "was changed or damaged after the export", COPY)
    try:
        card = parse(ModelCard, content)
    except ContentError as error:
        raise ModelError(path / CONTENT, str(error), COPY) from None
    files = {CARD: content.get("readme_sha256")} | {m.weights: m.sha256 for m in card.members}
    if not card.members or any(not is_ours(name) for name in files):
        raise ModelError(path / CONTENT, "names no weights, or weights elsewhere", COPY)
    for name, expected in files.items():
        checked_bytes(path / name, expected)
    return ModelFolder(**{f.name: getattr(card, f.name) for f in fields(card)}, path=path)


def is_ours(name: str) -> bool:
    # Snakemake marks the folders that it makes with a hidden file.
    return name in (CONTENT, CARD, ".snakemake_timestamp") or bool(
        re.fullmatch(r"member_\d+\.safetensors", name)
    )


def read_content(folder: Path, remedy: str = "Name a folder made by `export_model`.") -> Any:
    try:
        content = read_json(folder / CONTENT)
    except OSError as error:
        what = f"is not a model folder: {CONTENT} cannot be read ({error.strerror})"
        raise ModelError(folder, what, remedy) from None
    except ValueError as error:
        raise ModelError(folder / CONTENT, f"is not JSON ({error})", COPY) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError(folder, f"is not a model folder: {CONTENT} is something else", remedy)
    return content


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 of the content, whatever its layout."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def checked_bytes(path: Path, sha256: Any) -> bytes:
    """The bytes of a file. Raises ModelError if it is missing or not the file with this SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"cannot be read ({error.strerror})", COPY) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(path, "was changed or damaged after the export", COPY)
    return content
