"""Trained networks as plain PyTorch modules, with their own weights.

Each network is built as docs/systems.md draws it; parts bear the names of the weights in model files. With the same
input a module gives the same class probabilities as `mer predict`, in PyTorch 1.13 and later, and it can be trained on:
batch norms count valid steps alone, dropout is PyTorch's.

Examples
--------
>>> network = mer.torch.load("runs/mine")                                   # doctest: +SKIP
>>> batch = mer.torch.inputs(network, "song.flac")                          # doctest: +SKIP
>>> probabilities = network(**batch).logits.softmax(1)  # a row a segment   # doctest: +SKIP
"""

from __future__ import annotations

import inspect
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mer import _core
from mer.errors import UsageError
from mer.extract import Sound, to_sound
from mer.files import Record, read_tensors
from mer.program import Model


class Output(NamedTuple):
    """What a network says of a batch; None for what it wasn't trained to say.

    Attributes
    ----------
    logits : Tensor [B, classes] or None
        Softmax gives class probabilities.
    embedding : Tensor [B, embedding_size]
    values : Tensor [B, 2] or None
        Valence and arousal in −1…1.
    tag_logits : Tensor [B, tags] or None
        The logistic function of each is its probability.
    """

    logits: Tensor | None
    embedding: Tensor
    values: Tensor | None = None
    tag_logits: Tensor | None = None


class Scored(NamedTuple):
    """What a head hands on."""

    logits: Tensor | None
    embedding: Tensor
    seen: Tensor  # the embedding as last layers see it


# ---- Parts. Maps are [B, channels, bands, steps]; valid is [B, steps], 1 = music, 0 = padding, None = all music.


class NormRelu(nn.Module):
    """Batch norm over valid steps alone, then ReLU; padded steps come out as 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        if valid is None or not self.training:
            moments = (self.running_mean, self.running_variance)
            y = functional.batch_norm(x, *moments, self.weight, self.bias, self.training, 0.1, 1e-5)
        else:
            y = self._norm_of_valid(x, valid[:, None, None, :])
        y = functional.relu(y)
        return y if valid is None else y * valid[:, None, None, :]

    def _norm_of_valid(self, x: Tensor, mask: Tensor) -> Tensor:
        count = mask.sum() * x.shape[2]
        mean = (x * mask).sum((0, 2, 3)) / count
        centered = x - mean[:, None, None]
        variance = (centered * mask).square().sum((0, 2, 3)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, 0.1)
            self.running_variance.lerp_(variance * count / (count - 1).clamp(min=1), 0.1)
        scale = self.weight * (variance + 1e-5).rsqrt()
        return centered * scale[:, None, None] + self.bias[:, None, None]


class PoolNorm(nn.Module):
    """Maximum over the valid steps of each window, batch norm, ReLU."""

    def __init__(self, channels: int, pool: tuple[int, int]) -> None:
        super().__init__()
        self.pool = pool
        self.norm = NormRelu(channels)

    def forward(self, maps: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if valid is not None:
            maps = maps.masked_fill(valid[:, None, None, :] == 0, -math.inf)
            valid = functional.max_pool1d(valid[:, None], self.pool[1], ceil_mode=True)[:, 0]
        maps = functional.max_pool2d(maps, self.pool, ceil_mode=True)
        if valid is not None:
            maps = maps.masked_fill(valid[:, None, None, :] == 0, 0.0)
        return self.norm(maps, valid), valid


def _same_conv(in_channels: int, out_channels: int, size: tuple[int, int], groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps a map's size; without bias, because a batch norm follows."""
    padding = (size[0] // 2, size[1] // 2)
    return nn.Conv2d(in_channels, out_channels, size, padding=padding, groups=groups, bias=False)


class TimeFrequencyConv(nn.Module):
    """C1: convolutions along time and along frequency, side by side."""

    def __init__(self, options: Mapping[str, Any], pool: tuple[int, int]) -> None:
        super().__init__()
        channels = options["c1_channels"]
        self.time = _same_conv(1, channels, (1, options["c1_time_kernel"]))
        self.frequency = _same_conv(1, channels, (options["c1_frequency_kernel"], 1))
        self.pool = PoolNorm(2 * channels, pool)

    def forward(self, maps: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return self.pool(torch.cat([self.time(maps), self.frequency(maps)], 1), valid)


class SquareConv(nn.Module):
    """A square convolution, full or depthwise-separable, and what follows it."""

    def __init__(self, channels: tuple[int, int], kernel: int, separable: bool, pool: tuple[int, int]) -> None:
        super().__init__()
        if separable:
            self.depthwise = _same_conv(channels[0], channels[0], (kernel, kernel), channels[0])
            self.pointwise = _same_conv(*channels, (1, 1))
        else:
            self.conv = _same_conv(*channels, (kernel, kernel))
        self.separable = separable
        self.pool = PoolNorm(channels[1], pool)

    def forward(self, maps: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        maps = self.pointwise(self.depthwise(maps)) if self.separable else self.conv(maps)
        return self.pool(maps, valid)


def _reversed(x: Tensor, count: Tensor) -> Tensor:
    """The valid steps of each row from last to first; padding stays behind them."""
    step = torch.arange(x.shape[1], device=x.device)
    index = torch.where(step < count[:, None], count[:, None] - 1 - step, step)
    return x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))


class SequenceEncoder(nn.Module):
    """A Bi-LSTM, and what makes one vector of its outputs over time [B, steps, …].

    Padding stands at the ends of rows. Each direction runs over whole rows, the backward one over rows whose valid
    steps are reversed: as packed sequences, but for ONNX, too.
    """

    def __init__(self, input_size: int, units: int, layers: int, pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.output_size = (4 if pooling == "mean_std" else 2) * units
        self.lstm = nn.LSTM(input_size, units, layers, batch_first=True, bidirectional=True)
        if pooling == "attention":
            self.attention = nn.Linear(2 * units, 1, bias=False)

    def _direction(self, x: Tensor, suffix: str) -> Tensor:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self.lstm, f"{name}_{suffix}") for name in names]
        start = x.new_zeros(1, x.shape[0], self.lstm.hidden_size)
        return torch.lstm(x, [start, start], weights, True, 1, 0.0, self.training, False, True)[0]

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        if valid is None:
            valid = x.new_ones(x.shape[:2])
        count = valid.sum(1).long()
        for layer in range(self.lstm.num_layers):
            forward = self._direction(x, f"l{layer}")
            backward = _reversed(self._direction(_reversed(x, count), f"l{layer}_reverse"), count)
            x = torch.cat([forward, backward], 2)
        if self.pooling == "last":
            last = (count - 1)[:, None, None].expand(-1, 1, forward.shape[2])
            return torch.cat([forward.gather(1, last)[:, 0], backward[:, 0]], 1)
        mask = valid[:, :, None]
        if self.pooling == "attention":
            weights = self.attention(x).masked_fill(mask == 0, -math.inf).softmax(1)
        else:
            weights = mask / mask.sum(1, keepdim=True)
        x = x.masked_fill(mask == 0, 0.0)
        mean = (x * weights).sum(1)
        if self.pooling != "mean_std":
            return mean
        variance = ((x - mean[:, None]).square() * weights).sum(1)
        return torch.cat([mean, (variance + 1e-6).sqrt()], 1)


class ConvBranch(nn.Module):
    """CRNN: C1 P1 C2 P2 [C3 P3], then the maps' columns, step by step, through a Bi-LSTM."""

    def __init__(self, options: Mapping[str, Any], bands: int) -> None:
        super().__init__()
        pool = (options["pool_frequency"], options["pool_time"])
        channels = [2 * options["c1_channels"], options["c2_channels"]]
        if options["c3_channels"] > 0:
            channels.append(options["c3_channels"])
        self.c1 = TimeFrequencyConv(options, pool)
        for i, sizes in enumerate(zip(channels, channels[1:])):
            setattr(self, f"c{i + 2}", SquareConv(sizes, options["kernel"], options["conv"] == "separable", pool))
        for _ in channels:
            bands = -(-bands // pool[0])
        self.dropout = nn.Dropout(options["conv_dropout"])
        self.encoder = SequenceEncoder(
            channels[-1] * bands, options["crnn_lstm_units"], options["crnn_lstm_layers"], options["pooling"]
        )
        self.convs = [f"c{i + 1}" for i in range(len(channels))]
        self.output_size = self.encoder.output_size

    def forward(self, spectrogram: Tensor, valid: Tensor | None) -> Tensor:
        maps, valid = _single_map(spectrogram, valid), valid
        for name in self.convs:
            maps, valid = getattr(self, name)(maps, valid)
        steps = maps.permute(0, 3, 1, 2).flatten(2)
        return self.encoder(self.dropout(steps), valid)


class LldBranch(nn.Module):
    """Frame features through a Bi-LSTM."""

    def __init__(self, columns: int, units: int, layers: int, pooling: str, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.encoder = SequenceEncoder(columns, units, layers, pooling)
        self.output_size = self.encoder.output_size

    def forward(self, lld: Tensor, valid: Tensor | None) -> Tensor:
        return self.encoder(self.dropout(lld), valid)


class SongVectorBranch(nn.Module):
    """A vector beside the branches: fully connected, ReLU."""

    def __init__(self, options: Mapping[str, Any], columns: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(options["song_vector_dropout"])
        self.projection = nn.Linear(columns, options["song_vector_size"])
        self.output_size = options["song_vector_size"]

    def forward(self, song_vector: Tensor) -> Tensor:
        return functional.relu(self.projection(self.dropout(song_vector)))


class ConvStack(nn.Module):
    """Blocks of 3 × 3 convolutions, then each map's mean over bands and valid steps."""

    def __init__(self, channels: int, blocks: int, block_convs: int, separable: bool, dropout: float) -> None:
        super().__init__()
        self.output_size = 1
        self.convs: list[str] = []
        for block in range(blocks):
            for i in range(block_convs):
                pool = 2 if i + 1 == block_convs else 1
                sizes = (self.output_size, channels << block)
                conv = SquareConv(sizes, 3, separable and self.output_size > 1, (pool, pool))
                self.convs.append(f"block{block + 1}_{i + 1}")
                setattr(self, self.convs[-1], conv)
                self.output_size = sizes[1]
        self.dropout = nn.Dropout(dropout)

    def forward(self, spectrogram: Tensor, valid: Tensor | None) -> Tensor:
        maps = _single_map(spectrogram, valid)
        for name in self.convs:
            maps, valid = getattr(self, name)(maps, valid)
        maps = self.dropout(maps)
        if valid is None:
            return maps.mean((2, 3))
        return maps.sum((2, 3)) / (valid.sum(1, keepdim=True) * maps.shape[2])


def _single_map(spectrogram: Tensor, valid: Tensor | None) -> Tensor:
    maps = spectrogram[:, None]
    return maps if valid is None else maps * valid[:, None, None, :]


def _class_scores(size: int, shape: Mapping[str, Any]) -> ClassScores | None:
    return ClassScores(size, shape) if shape["num_classes"] > 0 else None


def _scored(classifier: ClassScores | None, embedding: Tensor, seen: Tensor) -> Scored:
    return Scored(None if classifier is None else classifier(seen), embedding, seen)


class ClassScores(nn.Linear):
    """Wx + b; or, for angular losses, ‖x‖ · cos θ of the angle between x and each class' weight."""

    def __init__(self, size: int, shape: Mapping[str, Any]) -> None:
        self.angular = False  # Linear's own constructor comes first
        super().__init__(size, shape["num_classes"], bias=shape["class_scores"] != "angular")
        self.angular = shape["class_scores"] == "angular"

    def forward(self, x: Tensor) -> Tensor:
        return x @ functional.normalize(self.weight).t() if self.angular else super().forward(x)


class Head(nn.Module):
    """Fully connected to the embedding, and to class scores."""

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any], input_size: int) -> None:
        super().__init__()
        self.input_dropout = nn.Dropout(options["head_dropout"])
        self.embedding = nn.Linear(input_size, options["embedding_size"])
        self.rectify = options["embedding_relu"]
        self.embedding_dropout = nn.Dropout(options["head_dropout"])
        self.classifier = _class_scores(options["embedding_size"], shape)

    def forward(self, x: Tensor) -> Scored:
        embedding = self.embedding(self.input_dropout(x))
        if self.rectify:
            embedding = functional.relu(embedding)
        return _scored(self.classifier, embedding, self.embedding_dropout(embedding))


# ---- Networks. The options are those beside `model.name`, the shape is the model file's.


class Network(nn.Module):
    """A network of the registry; `load()` builds them.

    Attributes
    ----------
    parts : tuple of str
        Arguments that `forward()` takes; the masks ``…_valid`` may be left out where nothing is padded.
    card : dict
        What stands beside the weights in its file.
    classes, tags : list of str
        Empty without that task.
    temperature : float
        Of a song's class probabilities, see `predict()`.
    """

    parts: tuple[str, ...] = ("spectrogram", "spectrogram_valid")
    embedding_size: int

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__()
        self.shape = dict(shape)
        self.card: dict[str, Any] = {}
        self.file = ""
        self.member = 0
        self.classes: list[str] = []
        self.tags: list[str] = []
        self.temperature = 1.0
        if "embedding_size" in options:
            self.embedding_size = options["embedding_size"]
        values, tags = shape.get("num_values", 0), shape.get("num_tags", 0)
        self.valence_arousal = nn.Linear(self.embedding_size, values) if values else None
        self.tag_scores = nn.Linear(self.embedding_size, tags) if tags else None

    def _output(self, scored: Scored) -> Output:
        values = None if self.valence_arousal is None else self.valence_arousal(scored.seen).tanh()
        tag_logits = None if self.tag_scores is None else self.tag_scores(scored.seen)
        return Output(scored.logits, scored.embedding, values, tag_logits)


class Crnn(Network):
    """Spectrogram → CRNN → fully connected → softmax."""

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        self.crnn = ConvBranch(options, shape["spectrogram_bands"])
        self.head = Head(options, shape, self.crnn.output_size)

    def forward(self, spectrogram: Tensor, spectrogram_valid: Tensor | None = None) -> Output:
        return self._output(self.head(self.crnn(spectrogram, spectrogram_valid)))


class LldBiLstm(Network):
    """Frame features → Bi-LSTM → fully connected → softmax; two branches are weighted.

    `lld` is [B, steps, columns], of two branches [B, 2, steps, columns].
    """

    parts = ("lld", "lld_valid")

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any], beside: int = 0) -> None:
        super().__init__(options, shape)
        self.numbers = [""] if shape["lld_branches"] == 1 else ["1", "2"]
        for number in self.numbers:
            branch = LldBranch(
                shape["lld_columns"],
                options["lld_lstm_units"],
                options["lld_lstm_layers"],
                options["pooling"],
                options["lld_input_dropout"],
            )
            setattr(self, "lld" + number, branch)
            setattr(self, "head" + number, Head(options, shape, beside + branch.output_size))

    def _answer(self, lld: Tensor, lld_valid: Tensor | None, beside: list[Tensor]) -> Output:
        branches = [lld] if len(self.numbers) == 1 else lld.unbind(1)
        heads = []
        for number, branch in zip(self.numbers, branches):
            own = getattr(self, "lld" + number)(branch, lld_valid)
            heads.append(getattr(self, "head" + number)(torch.cat([*beside, own], 1)))
        if len(heads) == 1:
            return self._output(heads[0])
        weights = (self.shape["lld_weight"], 1.0 - self.shape["lld_weight"])
        logits = None
        if heads[0].logits is not None:
            logits = sum(w * head.logits.softmax(1) for w, head in zip(weights, heads)).log()
        embedding = sum(w * head.embedding for w, head in zip(weights, heads))
        return self._output(Scored(logits, embedding, sum(w * head.seen for w, head in zip(weights, heads))))

    def forward(self, lld: Tensor, lld_valid: Tensor | None = None) -> Output:
        return self._answer(lld, lld_valid, [])


class ImprovedCnn(LldBiLstm):
    """The paper's: CRNN on the spectrogram beside a Bi-LSTM on frame features, and a song vector where asked for."""

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        crnn = ConvBranch(options, shape["spectrogram_bands"])
        columns = shape["song_vector_columns"]
        song_vector = SongVectorBranch(options, columns) if columns > 0 else None
        super().__init__(options, shape, crnn.output_size + (song_vector.output_size if song_vector else 0))
        self.crnn = crnn
        self.parts = (*Crnn.parts, *LldBiLstm.parts)
        self.song_vector = song_vector
        if song_vector:
            self.parts += ("song_vector",)

    def forward(
        self,
        spectrogram: Tensor,
        spectrogram_valid: Tensor | None = None,
        lld: Tensor | None = None,
        lld_valid: Tensor | None = None,
        song_vector: Tensor | None = None,
    ) -> Output:
        beside = [self.crnn(spectrogram, spectrogram_valid)]
        if self.song_vector is not None:
            beside.append(self.song_vector(song_vector))
        return self._answer(lld, lld_valid, beside)


class Drnn(Network):
    """MFCC → stacked Bi-LSTM layers → fully connected → softmax."""

    parts = ("lld", "lld_valid")

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        self.mfcc = LldBranch(
            shape["lld_columns"],
            options["drnn_lstm_units"],
            options["drnn_lstm_layers"],
            options["pooling"],
            options["lld_input_dropout"],
        )
        self.head = Head(options, shape, self.mfcc.output_size)

    def forward(self, lld: Tensor, lld_valid: Tensor | None = None) -> Output:
        return self._output(self.head(self.mfcc(lld, lld_valid)))


class Cnn(Network):
    """Blocks of 3 × 3 convolutions → global mean → fully connected → softmax; as `light_cnn` depthwise-separable."""

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        light = "light_channels" in options
        channels = options["light_channels" if light else "cnn_channels"]
        self.conv = ConvStack(
            channels, options["cnn_blocks"], options.get("cnn_block_convs", 1), light, options["conv_dropout"]
        )
        self.head = Head(options, shape, self.conv.output_size)

    def forward(self, spectrogram: Tensor, spectrogram_valid: Tensor | None = None) -> Output:
        return self._output(self.head(self.conv(spectrogram, spectrogram_valid)))


# ---- The pre-trained taggers of Pons & Serra (2019). Maps are [B, channels, steps, bands].


class TaggerNorm(nn.Module):
    """Batch norm of the second axis with the taggers' epsilon; padded steps count like silence."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        moments = (self.running_mean, self.running_var)
        return functional.batch_norm(x, *moments, self.weight, self.bias, self.training, 0.1, 1e-3)


class TaggerInput(nn.Module):
    """A batch norm alone, under the name `bn`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = TaggerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(x)


class TaggerConv(nn.Module):
    """Convolution → bias → ReLU → batch norm; zeros around keep the maps' size in time."""

    def __init__(self, channels: tuple[int, int], kernel: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(*channels, kernel)
        self.bn = TaggerNorm(channels[1])

    def forward(self, x: Tensor, pad_bands: bool = False) -> Tensor:
        steps, bands = self.conv.kernel_size
        before = (steps - 1) // 2
        sides = ((bands - 1) // 2, bands - 1 - (bands - 1) // 2) if pad_bands else (0, 0)
        padded = functional.pad(x, (*sides, before, steps - 1 - before))
        return self.bn(functional.relu(self.conv(padded)))


class Tagger(Network):
    """What both have in common: 96 bands that are not standardized, padded steps are silence."""

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        self.input = TaggerInput(1)
        self.input_dropout = nn.Dropout(options["head_dropout"])
        self.embedding_dropout = nn.Dropout(options["head_dropout"])
        self.classifier = _class_scores(self.embedding_size, shape)

    def _maps(self, spectrogram: Tensor, valid: Tensor | None) -> Tensor:
        return self.input(_single_map(spectrogram, valid).transpose(2, 3))


class MusicnnDense(nn.Linear):
    """Fully connected → ReLU; the batch norm after it is the caller's to apply."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.bn = TaggerNorm(out_features)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(super().forward(x))


class Musicnn(Tagger):
    """MusiCNN: timbral and temporal kernels, three layers over time, maximum and mean over time."""

    embedding_size = 200

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        self.front = {"timbral_38": (204, 7, 38), "timbral_67": (204, 7, 67)}
        self.front |= {f"temporal_{steps}": (51, steps, 1) for steps in (128, 64, 32)}
        for name, (maps, *kernel) in self.front.items():
            setattr(self, name, TaggerConv((1, maps), tuple(kernel)))
        for name, channels in (("mid_1", 561), ("mid_2", 64), ("mid_3", 64)):
            setattr(self, name, TaggerConv((1, 64), (7, channels)))
        self.pool = TaggerInput(2 * 753)
        self.dense = MusicnnDense(2 * 753, self.embedding_size)

    def forward(self, spectrogram: Tensor, spectrogram_valid: Tensor | None = None) -> Output:
        x = self._maps(spectrogram, spectrogram_valid)
        front = torch.cat([getattr(self, name)(x).amax(3) for name in self.front], 1)

        def over_channels(conv: TaggerConv, maps: Tensor) -> Tensor:
            return conv(maps.transpose(1, 2)[:, None])[:, :, :, 0]

        a = over_channels(self.mid_1, front)
        b = a + over_channels(self.mid_2, a)
        c = b + over_channels(self.mid_3, b)
        maps = torch.cat([front, a, b, c], 1)
        if spectrogram_valid is None:
            pooled = torch.stack([maps.amax(2), maps.mean(2)], 2)
        else:
            mask = spectrogram_valid[:, None]
            largest = maps.masked_fill(mask == 0, -math.inf).amax(2)
            pooled = torch.stack([largest, (maps * mask).sum(2) / mask.sum(2)], 2)
        embedding = self.dense(self.input_dropout(self.pool(pooled.flatten(1))))
        seen = self.embedding_dropout(self.dense.bn(embedding))
        return self._output(_scored(self.classifier, embedding, seen))


class VggTagger(Tagger):
    """Five 3 × 3 convolutions with pooling."""

    embedding_size = 256
    pools = (((4, 1), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4)))

    def __init__(self, options: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
        super().__init__(options, shape)
        for i in range(len(self.pools)):
            setattr(self, f"conv_{i + 1}", TaggerConv((1 if i == 0 else 128, 128), (3, 3)))

    def forward(self, spectrogram: Tensor, spectrogram_valid: Tensor | None = None) -> Output:
        x = self._maps(spectrogram, spectrogram_valid)
        for i, (size, stride) in enumerate(self.pools):
            x = functional.max_pool2d(getattr(self, f"conv_{i + 1}")(x, pad_bands=True), size, stride)
        embedding = self.input_dropout(x.permute(0, 2, 3, 1).flatten(1))
        return self._output(_scored(self.classifier, embedding, self.embedding_dropout(embedding)))


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


# ---- Model files


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
    file = Path(_core.find_model(os.fspath(model), weights, []))
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


class _Present(nn.Module):
    """What a network says, without what it doesn't."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, *parts: Tensor) -> tuple[Tensor, ...]:
        return tuple(one for one in self.network(*parts) if one is not None)


def export_onnx(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network as an ONNX model whose inputs are its parts and whose outputs are named as those of `Output`.

    The number of rows is free; steps are those of a segment, shorter ones are padded and masked.

    Parameters
    ----------
    network : Network
    path : path
        Ends in .onnx.
    """
    shape = network.shape
    sizes = {
        "spectrogram": [shape.get("spectrogram_bands"), shape.get("spectrogram_steps")],
        "spectrogram_valid": [shape.get("spectrogram_steps")],
        "lld": [2] * (shape.get("lld_branches") == 2) + [shape.get("lld_steps"), shape.get("lld_columns")],
        "lld_valid": [shape.get("lld_steps")],
        "song_vector": [shape.get("song_vector_columns")],
    }
    device = next(network.parameters()).device
    example = tuple(torch.ones(2, *sizes[name], device=device) for name in network.parts)
    was_training = network.training
    module = _Present(network.eval())
    with torch.no_grad():
        outputs = [name for name, one in network(*example)._asdict().items() if one is not None]
    options: dict[str, Any] = {"input_names": list(network.parts), "output_names": outputs}
    if "dynamic_shapes" in inspect.signature(torch.onnx.export).parameters:
        rows = torch.export.Dim("rows", min=1)
        options |= {"dynamo": True, "external_data": False, "verbose": False}
        options["dynamic_shapes"] = (tuple({0: rows} for _ in example),)
    else:  # before 2.5
        options["dynamic_axes"] = {name: {0: "rows"} for name in (*network.parts, *outputs)}
    torch.onnx.export(module.eval(), example, os.fspath(path), **options)
    network.train(was_training)
