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

from mer.torch.models import NETWORKS, inputs, load, predict
from mer.torch.networks import Network, Output
from mer.torch.onnx import export_onnx

__all__ = ["NETWORKS", "Network", "Output", "export_onnx", "inputs", "load", "predict"]
