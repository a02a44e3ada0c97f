"""What networks are made of.

Maps are [B, channels, bands, steps]; valid is [B, steps], 1 = music, 0 = padding, None = all music.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Scored(NamedTuple):
    """What a head hands on."""

    logits: Tensor | None
    embedding: Tensor
    seen: Tensor  # the embedding as last layers see it


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
        maps, valid = single_map(spectrogram, valid), valid
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
        maps = single_map(spectrogram, valid)
        for name in self.convs:
            maps, valid = getattr(self, name)(maps, valid)
        maps = self.dropout(maps)
        if valid is None:
            return maps.mean((2, 3))
        return maps.sum((2, 3)) / (valid.sum(1, keepdim=True) * maps.shape[2])


def single_map(spectrogram: Tensor, valid: Tensor | None) -> Tensor:
    maps = spectrogram[:, None]
    return maps if valid is None else maps * valid[:, None, None, :]


def class_scores(size: int, shape: Mapping[str, Any]) -> ClassScores | None:
    return ClassScores(size, shape) if shape["num_classes"] > 0 else None


def scored(classifier: ClassScores | None, embedding: Tensor, seen: Tensor) -> Scored:
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
        self.classifier = class_scores(options["embedding_size"], shape)

    def forward(self, x: Tensor) -> Scored:
        embedding = self.embedding(self.input_dropout(x))
        if self.rectify:
            embedding = functional.relu(embedding)
        return scored(self.classifier, embedding, self.embedding_dropout(embedding))
