"""
mer's feature library; use it through the package's functions.
"""
from __future__ import annotations
import numpy
import numpy.typing
import os
import pathlib
import typing
__all__: list[str] = ['Settings', 'describe', 'descriptor_table', 'extract', 'find_model', 'layout', 'network_inputs', 'run_config', 'version']
class Settings:
    """
    What `mer features` can be told.
    """
    @staticmethod
    def help() -> list[tuple[str, str]]:
        """
        Every dotted key with its meaning, in order.
        """
    @staticmethod
    def of_config(config: os.PathLike | str | bytes, program_folder: os.PathLike | str | bytes) -> Settings:
        """
        Those of a YAML file, or of an installed config's name.
        """
    def __init__(self, json: str) -> None:
        """
        Reads a JSON object strictly; absent keys keep their defaults.
        """
    def json(self) -> str:
        """
        All keys as a JSON object.
        """
def describe(settings: Settings, spectrogram: typing.Annotated[numpy.typing.ArrayLike, numpy.float32], lld: typing.Annotated[numpy.typing.ArrayLike, numpy.float32], energy_db: typing.Annotated[numpy.typing.ArrayLike, numpy.float32], kept: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8]) -> numpy.typing.NDArray[numpy.float32]:
    """
    The numbers of descriptor_table() for a song's frames.
    """
def descriptor_table(settings: Settings) -> list:
    """
    Name, family, unit and source of each descriptor.
    """
def extract(settings: Settings, sound: os.PathLike | str | bytes | tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float32], typing.SupportsInt | typing.SupportsIndex]) -> dict:
    """
    Features of a file, or of (samples, rate): arrays, layout and metadata.
    """
def find_model(name: str, weights: str, program_folder: os.PathLike | str | bytes) -> pathlib.Path:
    """
    The model file that a run folder, a path or a bundled model's name stands for.
    """
def layout(settings: Settings) -> dict:
    """
    What the columns of features are.
    """
def network_inputs(model: os.PathLike | str | bytes, member: typing.SupportsInt | typing.SupportsIndex, sound: os.PathLike | str | bytes | tuple[typing.Annotated[numpy.typing.ArrayLike, numpy.float32], typing.SupportsInt | typing.SupportsIndex], max_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
    """
    What the network of a model file is shown of a song, a row a segment.
    """
def run_config(file: os.PathLike | str | bytes) -> str:
    """
    Every option of a config as a JSON object.
    """
version: str = '0.1.0'
