"""Music emotion recognition: features as NumPy arrays, trained systems, their files.

Features are computed in the process (`features`, `descriptors`); `predict`, `train` and `evaluate` run the `mer`
program. `mer.torch` makes networks PyTorch modules, ``python -m mer.tensorboard`` shows a run. docs/python.md tells more.
"""

from mer._core import version as __version__
from mer.errors import Error, InputError, UsageError
from mer.extract import Features, descriptor_table, descriptors, features
from mer.files import Run, read_features, read_predictions, read_table, read_tensors
from mer.find_program import program
from mer.mirdata import from_mirdata
from mer.options import Options
from mer.verbs import Embeddings, embed, evaluate, predict, train

__all__ = [
    "Embeddings",
    "Error",
    "Features",
    "InputError",
    "Options",
    "Run",
    "UsageError",
    "descriptor_table",
    "descriptors",
    "embed",
    "evaluate",
    "features",
    "from_mirdata",
    "predict",
    "program",
    "read_features",
    "read_predictions",
    "read_table",
    "read_tensors",
    "train",
]
