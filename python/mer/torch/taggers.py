"""The pre-trained taggers of Pons & Serra (2019). Maps are [B, channels, steps, bands]: time before frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mer.torch.layers import class_scores, scored, single_map
from mer.torch.networks import Network, Output


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
        self.classifier = class_scores(self.embedding_size, shape)

    def _maps(self, spectrogram: Tensor, valid: Tensor | None) -> Tensor:
        return self.input(single_map(spectrogram, valid).transpose(2, 3))


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
        return self._output(scored(self.classifier, embedding, seen))


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
        return self._output(scored(self.classifier, embedding, self.embedding_dropout(embedding)))
