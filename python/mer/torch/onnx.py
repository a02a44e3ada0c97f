"""Networks as ONNX models."""

from __future__ import annotations

import inspect
import os
from typing import Any

import torch
from torch import Tensor, nn

from mer.torch.networks import Network


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
