"""Networks of the table, but for the taggers. Options are those beside `model.name`, the shape is the model file's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mer.torch.layers import ConvBranch, ConvStack, Head, LldBranch, Scored, SongVectorBranch


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
