"""Model files, and answers for songs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mer import _core
from mer.errors import UsageError
from mer.extract import Sound, to_sound
from mer.files import Record, read_tensors
from mer.find_program import program_folder
from mer.verbs import Model
from mer.torch.networks import Cnn, Crnn, Drnn, ImprovedCnn, LldBiLstm, Network
from mer.torch.taggers import Musicnn, VggTagger

#: Networks by `model.name`.
NETWORKS: dict[str, type[Network]] = {
    "improved_cnn": ImprovedCnn,
    "cnn": Cnn,
    "light_cnn": Cnn,
    "crnn": Crnn,
    "lld_bilstm": LldBiLstm,
    "drnn": Drnn,
    "musicnn": Musicnn,
    "vgg_tagger": VggTagger,
}


def _systems(metadata: Mapping[str, str], prefix: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Prefix of the tensors and metadata of each system in a file, an ensemble's members included."""
    if metadata.get("format") != "mer-ensemble":
        yield prefix, metadata
        return
    number = 1
    while f"member-{number}" in metadata:
        yield from _systems(json.loads(metadata[f"member-{number}"]), f"{prefix}member-{number}.")
        number += 1


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _tagger_card(metadata: Mapping[str, str]) -> dict[str, Any]:
    """A card for the weights of data/pretrained, whose classes are tags."""
    classes = metadata["classes"].split(",")
    shape = {"spectrogram_bands": 96, "spectrogram_steps": 187, "num_classes": len(classes), "class_scores": "linear"}
    name = {"vgg": "vgg_tagger"}.get(metadata["model"], metadata["model"])
    return {**metadata, "model": {"name": name, "head_dropout": 0.0}, "shape": shape, "classes": classes}


def load(model: Model, *, weights: str = "", member: int = 0) -> Network:
    """Build a trained network with its weights, in evaluation mode.

    Parameters
    ----------
    model : path, name or Run
        A run, a model file, a bundled model, or a file of data/pretrained, whose classes are its tags.
    weights : str
        Of a run: best or last; default: what its config says.
    member : int
        Which of an ensemble's systems, from 0.

    Raises
    ------
    UsageError
        When there is no such model, or it is no network.
    """
    file = Path(_core.find_model(os.fspath(model), weights, program_folder()))
    tensors, metadata = read_tensors(file)
    if "format" not in metadata and metadata.get("model") in ("musicnn", "vgg"):
        card, prefix = _tagger_card(metadata), ""
        tensors = {name.replace("tags.", "classifier."): values for name, values in tensors.items()}
    else:
        systems = list(_systems(metadata))
        if not 0 <= member < len(systems):
            raise UsageError(f"{file}: holds {len(systems)} systems, there is no member {member}")
        prefix, texts = systems[member]
        if texts.get("format") != "mer-model":
            raise UsageError(f"{file}: is no model of mer")
        card = {key: _parsed(text) for key, text in texts.items()}
        if "classic" in card:
            raise UsageError(f"{file}: a classical system, not a network", "mer.predict() answers for every system")
        prefix += "network."
    network = NETWORKS[card["model"]["name"]](card["model"], card["shape"])
    state = {
        name[len(prefix) :]: torch.from_numpy(values.copy())
        for name, values in tensors.items()
        if name.startswith(prefix)
    }
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UsageError(f"{file}: its weights don't fit its card: {error}") from error
    network.card = card
    network.file, network.member = os.fspath(file), member
    network.classes, network.tags = card["classes"], card.get("tags", [])
    network.temperature = card.get("calibration", {}).get("temperature", 1.0)
    return network.eval()


def _made(network: Network, sound: Sound, rate: int | None, max_seconds: float) -> tuple[dict[str, Tensor], Any]:
    if "format" not in network.card:
        raise UsageError(
            f"{network.file}: pre-trained weights don't say how a song is cut", "data/pretrained/README.md does"
        )
    made = _core.network_inputs(network.file, network.member, to_sound(sound, rate), max_seconds)
    parts = {name: torch.from_numpy(made[name]) for name in network.parts if name != "lld"}
    if "lld" in network.parts:
        branches = [torch.from_numpy(branch) for branch in made["lld"]]
        parts["lld"] = branches[0] if len(branches) == 1 else torch.stack(branches, 1)
    return parts, zip(made["start_s"].tolist(), made["end_s"].tolist())


def inputs(network: Network, sound: Sound, rate: int | None = None, *, max_seconds: float = 0) -> dict[str, Tensor]:
    """What a trained network is shown of a song: its arguments, a row a segment.

    Features, voice activity detection, segments and standardization are those of `mer predict`.

    Parameters
    ----------
    sound, rate
        As of `mer.features()`.
    max_seconds : float
        Take this much from the start; 0 is all.
    """
    return _made(network, sound, rate, max_seconds)[0]


def _with_temperature(probabilities: Tensor, temperature: float) -> list[float]:
    powers = probabilities ** (1.0 / temperature)
    return (powers / powers.sum()).tolist()


def predict(network: Network, sound: Sound, rate: int | None = None, *, max_seconds: float = 0) -> Record:
    """Answer for a song as `mer.predict()` does, with what it calls these things.

    Returns
    -------
    dict
        emotion, confidence and p_<class>; valence and arousal; tag_<tag> and labels; segments.
    """
    parts, times = _made(network, sound, rate, max_seconds)
    device = next(network.parameters()).device
    was_training = network.training
    with torch.no_grad():
        output = network.eval()(**{name: part.to(device) for name, part in parts.items()})
    network.train(was_training)

    def record(rows: slice) -> Record:
        answer: Record = {"emotion": None, "confidence": None}
        if output.logits is not None:
            probabilities = output.logits[rows].double().softmax(1).mean(0) ** (1.0 / network.temperature)
            named = dict(zip(network.classes, (probabilities / probabilities.sum()).tolist()))
            answer["emotion"] = max(named, key=named.__getitem__)
            answer["confidence"] = named[answer["emotion"]]
            answer.update({f"p_{name}": p for name, p in named.items()})
        if output.values is not None:
            answer["valence"], answer["arousal"] = output.values[rows].double().mean(0).tolist()
        return answer

    song = record(slice(None))
    if output.tag_logits is not None:
        probabilities = dict(zip(network.tags, output.tag_logits.double().sigmoid().mean(0).tolist()))
        song.update({f"tag_{name}": p for name, p in probabilities.items()})
        thresholds = zip(network.tags, network.card["tag_thresholds"])
        song["labels"] = [name for name, threshold in thresholds if probabilities[name] >= threshold]
    song["segments"] = [
        {"start_s": start, "end_s": end, **record(slice(row, row + 1))} for row, (start, end) in enumerate(times)
    ]
    return song
