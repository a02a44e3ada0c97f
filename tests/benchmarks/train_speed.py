#!/usr/bin/python3
"""mer's training and evaluation beside the same network in plain PyTorch, in segments a second.

    tests/benchmarks/train_speed.py --mer build/bin/mer --config configs/4qaed.yaml \
        --manifest songs.csv --store mer-store [--batch 16] [--set KEY=VALUE …]

Needs python3-torch and python3-numpy, and songs whose features are in the store. First mer trains
a few steps; PyTorch's network gets those weights and must have the same number of parameters and
the same probabilities for a sound of one segment. Then each repetition trains and evaluates with
mer and with PyTorch in every setting, one after the other, so that all see the same load of the
machine; PyTorch on random data in memory. mer's evaluation is measured twice: as a run does it,
which includes reading songs and making inputs, and the network alone on inputs that are in memory,
too (mer_network_benchmark, --network-benchmark). mer is compared with PyTorch's setting of the best median.
Both use AdamW, clipping, the inter-class center loss and batches of one size (evaluation: 32). The
last lines also say which share of the BLAS library's peak on one core the multiplications of mer's
step are.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave

EVALUATION_BATCH = 32
KINDS = ("training", "evaluation")
NETWORK_ALONE = "evaluation, inputs in memory"


def read_safetensors(path):
    """Tensors by name, and the metadata."""
    import numpy as np

    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    types = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(raw[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


# ---- The network as a PyTorch user would write it


def make_network(model, shape):
    import torch
    from torch import nn

    class MaxPoolNormRelu(nn.Module):
        def __init__(self, channels):
            super().__init__()
            size = (model["pool_frequency"], model["pool_time"])
            self.pool = nn.MaxPool2d(size, ceil_mode=True)
            self.norm = nn.BatchNorm2d(channels)

        def forward(self, x):
            return torch.relu(self.norm(self.pool(x)))

    class Encoder(nn.Module):
        """Bi-LSTM, then attention over its steps or the last states."""

        def __init__(self, size, units, layers):
            super().__init__()
            self.lstm = nn.LSTM(size, units, layers, batch_first=True, bidirectional=True)
            attention = model["pooling"] == "attention"
            self.attention = nn.Linear(2 * units, 1, bias=False) if attention else None

        def forward(self, x):
            steps, (hidden, _) = self.lstm(x)
            if self.attention is None:
                return torch.cat([hidden[-2], hidden[-1]], 1)
            return (steps * torch.softmax(self.attention(steps), 1)).sum(1)

    class ImprovedCnn(nn.Module):
        def __init__(self):
            super().__init__()
            c1, c2, c3 = model["c1_channels"], model["c2_channels"], model["c3_channels"]
            time_kernel, frequency_kernel = model["c1_time_kernel"], model["c1_frequency_kernel"]
            kernel = model["kernel"]
            self.time = nn.Conv2d(1, c1, (1, time_kernel), padding="same", bias=False)
            self.frequency = nn.Conv2d(1, c1, (frequency_kernel, 1), padding="same", bias=False)
            self.pool1 = MaxPoolNormRelu(2 * c1)
            self.conv2 = nn.Conv2d(2 * c1, c2, kernel, padding="same", bias=False)
            self.pool2 = MaxPoolNormRelu(c2)
            bands = shape["spectrogram_bands"]
            for _ in range(3 if c3 else 2):
                bands = math.ceil(bands / model["pool_frequency"])
            self.conv3 = None
            if c3:
                self.conv3 = nn.Conv2d(c2, c3, kernel, padding="same", bias=False)
                self.pool3 = MaxPoolNormRelu(c3)
            self.conv_dropout = nn.Dropout(model["conv_dropout"])
            units = model["crnn_lstm_units"]
            self.crnn = Encoder((c3 or c2) * bands, units, model["crnn_lstm_layers"])
            self.lld_dropout = nn.Dropout(model["lld_input_dropout"])
            lld_units = model["lld_lstm_units"]
            self.lld = Encoder(shape["lld_columns"], lld_units, model["lld_lstm_layers"])
            self.head_dropout = nn.Dropout(model["head_dropout"])
            self.embedding = nn.Linear(2 * units + 2 * lld_units, model["embedding_size"])
            self.embedding_dropout = nn.Dropout(model["head_dropout"])
            self.classifier = nn.Linear(model["embedding_size"], shape["num_classes"])

        def forward(self, spectrogram, lld):
            x = spectrogram.unsqueeze(1)
            x = self.pool1(torch.cat([self.time(x), self.frequency(x)], 1))
            x = self.pool2(self.conv2(x))
            if self.conv3 is not None:
                x = self.pool3(self.conv3(x))
            x = x.permute(0, 3, 1, 2).flatten(2)
            branches = [self.crnn(self.conv_dropout(x)), self.lld(self.lld_dropout(lld))]
            embedding = self.embedding(self.head_dropout(torch.cat(branches, 1)))
            if model["embedding_relu"]:
                embedding = torch.relu(embedding)
            return self.classifier(self.embedding_dropout(embedding)), embedding

    return ImprovedCnn()


class InterCenterLoss:
    """Softmax with smoothing, and the distance to the own center beside that to the others."""

    def __init__(self, loss, shape, embedding_size):
        import torch

        self.tau, self.smoothing = loss["tau"], loss["label_smoothing"]
        self.centers = torch.nn.Parameter(0.1 * torch.randn(shape["num_classes"], embedding_size))

    def __call__(self, logits, embedding, targets):
        import torch.nn.functional as F

        softmax = F.cross_entropy(logits, targets, label_smoothing=self.smoothing)
        distances = (embedding.unsqueeze(1) - self.centers).square().sum(2)
        others = distances.sum(1, keepdim=True) - distances
        center = (targets * distances / (others + 1)).sum(1)
        return softmax + self.tau / 2 * center.mean()


PYTORCH_NAMES = {
    "crnn.c1.time.": "time.", "crnn.c1.frequency.": "frequency.", "crnn.c1.pool.": "pool1.",
    "crnn.c2.conv.": "conv2.", "crnn.c2.pool.": "pool2.", "crnn.c3.conv.": "conv3.",
    "crnn.c3.pool.": "pool3.", "crnn.encoder.": "crnn.", "lld.encoder.": "lld.",
    "head.embedding.": "embedding.", "head.classifier.": "classifier.",
}  # fmt: skip


def load_weights(network, tensors):
    """Copies mer's weights; each of them must find its place."""
    import torch

    state = {}
    for name, values in tensors.items():
        if not name.startswith("network."):
            continue
        name = name.removeprefix("network.").replace("running_variance", "running_var")
        prefix = next(p for p in PYTORCH_NAMES if name.startswith(p))
        state[name.replace(prefix, PYTORCH_NAMES[prefix], 1)] = torch.from_numpy(values.copy())
    missing, unexpected = network.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    assert not missing and not unexpected, (missing, unexpected)


def multiply_adds(model, shape):
    """Of one segment forward: convolutions, LSTMs and the head's matrices."""
    bands, steps = shape["spectrogram_bands"], shape["spectrogram_steps"]
    c1, c2, c3 = model["c1_channels"], model["c2_channels"], model["c3_channels"]
    total = bands * steps * c1 * (model["c1_time_kernel"] + model["c1_frequency_kernel"])
    channels = 2 * c1
    for out in [c2, c3] if c3 else [c2]:
        bands = math.ceil(bands / model["pool_frequency"])
        steps = math.ceil(steps / model["pool_time"])
        total += bands * steps * channels * out * model["kernel"] ** 2
        channels = out
    bands, steps = math.ceil(bands / model["pool_frequency"]), math.ceil(steps / model["pool_time"])

    def lstm(length, size, units, layers):
        sizes = [size] + [2 * units] * (layers - 1)
        return length * sum(2 * 4 * units * (s + units) for s in sizes)

    total += lstm(steps, channels * bands, model["crnn_lstm_units"], model["crnn_lstm_layers"])
    total += lstm(shape["lld_steps"], shape["lld_columns"], model["lld_lstm_units"],
                  model["lld_lstm_layers"])  # fmt: skip
    vector = 2 * model["crnn_lstm_units"] + 2 * model["lld_lstm_units"]
    return total + model["embedding_size"] * (vector + shape["num_classes"])


# ---- What a child process with its own environment does


def measure_pytorch(job):
    """Segments a second of training and evaluation in this process, as JSON on stdout."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(job["threads"])
    model, shape, options = job["model"], job["shape"], job["train"]
    layout = torch.channels_last if job["channels_last"] else torch.contiguous_format
    network = make_network(model, shape).to(memory_format=layout)
    loss = InterCenterLoss(job["loss"], shape, model["embedding_size"])
    parameters = list(network.parameters()) + [loss.centers]
    optimizer = torch.optim.AdamW(parameters, lr=options["lr"], foreach=True,
                                  weight_decay=options["weight_decay"])  # fmt: skip

    def random_batch(size):
        spectrogram = torch.randn(size, shape["spectrogram_bands"], shape["spectrogram_steps"])
        lld = torch.randn(size, shape["lld_steps"], shape["lld_columns"])
        classes = torch.randint(shape["num_classes"], (size,))
        return spectrogram, lld, torch.nn.functional.one_hot(classes, shape["num_classes"]).float()

    def train_step(batch):
        spectrogram, lld, targets = batch
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=job["bf16"]):
            logits, embedding = network(spectrogram, lld)
        value = loss(logits.float(), embedding.float(), targets)
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, options["clip_norm"])
        optimizer.step()
        return value.item()

    def evaluation_step(batch):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=job["bf16"]):
            return torch.softmax(network(*batch[:2])[0].float(), 1)

    def rate(step, batches):
        size = batches[0][0].shape[0]
        for batch in batches[:2]:
            step(batch)  # warm
        begin, count = time.perf_counter(), 0
        while count < 3 or time.perf_counter() - begin < job["seconds"]:
            step(batches[count % len(batches)])
            count += 1
        return count * size / (time.perf_counter() - begin)

    torch.set_flush_denormal(True)
    network.train()
    training = rate(train_step, [random_batch(options["batch_size"]) for _ in range(4)])
    network.eval()
    evaluation = rate(evaluation_step, [random_batch(EVALUATION_BATCH) for _ in range(4)])
    print(json.dumps({"training": training, "evaluation": evaluation}))


def measure_peak(job):
    """GFLOP/s of a matrix product of 1024³ on one thread."""
    import torch

    torch.set_num_threads(1)
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = math.inf
    for _ in range(20):
        begin = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - begin)
    print(json.dumps(2 * 1024**3 / best / 1e9))


def child(what, job, **environment):
    command = [sys.executable, __file__, what, json.dumps(job)]
    env = dict(os.environ, **environment)
    return json.loads(subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE).stdout)


# ---- mer


def run_mer(args, folder, name, settings):
    command = [args.mer, "train", "-q", "-c", args.config, "--runs", folder, "--name", name]
    fixed = [f"data.manifest={args.manifest}", f"data.store={args.store}",
             f"train.batch_size={args.batch}"]  # fmt: skip
    for setting in fixed + args.set + settings:
        command += ["--set", setting]
    subprocess.run(command, check=True)
    run = pathlib.Path(folder) / name
    return run, json.loads((run / "run.json").read_text())


def measure_mer(args, folder, number, iterations):
    settings = ["train.epochs=0", f"train.iterations={iterations}",
                f"train.evaluate_every={iterations}"]  # fmt: skip
    run, status = run_mer(args, folder, f"timed{number}", settings)
    rates = {"training": status["segments_per_second"],
             "evaluation": status["validation_segments_per_second"]}  # fmt: skip
    if args.network_benchmark:
        threads = status["replicas"]
        command = [args.network_benchmark, run / "last.safetensors", EVALUATION_BATCH, threads, args.seconds]  # fmt: skip
        rates[NETWORK_ALONE] = float(subprocess.run([str(word) for word in command], check=True,
                                                    stdout=subprocess.PIPE).stdout)  # fmt: skip
    return rates


def pytorch_settings():
    """(threads, OMP_WAIT_POLICY, channels_last): what a user would try."""
    for threads in sorted({1, 2, os.cpu_count() or 1}):
        for policy in ("ACTIVE", "PASSIVE") if threads > 1 else ("PASSIVE",):
            for channels_last in (False, True):
                yield threads, policy, channels_last


def measure_setting(job, setting, environment):
    threads, policy, channels_last = setting
    wait = {"OMP_WAIT_POLICY": policy} if policy == "PASSIVE" else {}
    return child("pytorch", dict(job, threads=threads, channels_last=channels_last), **wait, **environment)


def median_of(rates, kind):
    return statistics.median(rate[kind] for rate in rates)


def report(kind, mine, theirs):
    their_kind = "evaluation" if kind == NETWORK_ALONE else kind
    ratios = sorted(my[kind] / their[their_kind] for my, their in zip(mine, theirs))
    print(f"{kind}: mer {median_of(mine, kind):.0f}, PyTorch at its best {median_of(theirs, their_kind):.0f} "
          f"segments a second; ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}–"
          f"{ratios[-1]:.2f}, {len(ratios)} repetitions)")  # fmt: skip


def require_same_answers(args, folder, network, tensors, metadata):
    """The class probabilities of a sound that is exactly one segment long."""
    import numpy as np
    import torch

    inputs, shape = json.loads(metadata["inputs"]), json.loads(metadata["shape"])
    if inputs["combine"] == "late_fusion":
        sys.exit("combine: late_fusion is not compared here")
    frames = shape["spectrogram_steps"] * inputs["spectrogram_pool_frames"]
    frames = min(frames, shape["lld_steps"] * inputs["lld_pool_frames"], 430)
    layout = json.loads(metadata["layout"])
    samples = (frames - 1) * layout["hop_samples"] + layout["window_samples"]
    t = np.arange(samples) / layout["sample_rate_hz"]
    sound = sum(np.sin(2 * np.pi * f * t + 3 * np.sin(5 * t)) / f for f in (220, 331, 1760)) * 40
    sound = sound + 0.02 * np.random.default_rng(0).standard_normal(samples)
    file = pathlib.Path(folder) / "sound.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, layout["sample_rate_hz"], samples, "NONE", ""))
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    model = pathlib.Path(folder) / "weights/last.safetensors"
    answer = subprocess.run([args.mer, "predict", "-q", str(file), "-m", str(model), "--format",
                             "jsonl"], check=True, stdout=subprocess.PIPE).stdout  # fmt: skip
    expected = json.loads(answer)["probabilities"]
    features = pathlib.Path(folder) / "sound.safetensors"
    subprocess.run([args.mer, "features", "-q", str(file), "-o", str(features)], check=True)
    song, _ = read_safetensors(features)
    assert song["kept"].sum() == frames, "the sound should be one segment without silence"

    def standardized(name):
        values = song[name].astype(np.float64)
        return (values - tensors[f"standardization.{name}.mean"]) / tensors[
            f"standardization.{name}.deviation"]  # fmt: skip

    def blocks(values, size):
        return [values[i : i + size] for i in range(0, len(values), size)]

    spectrogram = np.stack([block.mean(0) for block in
                            blocks(standardized("spectrogram"), inputs["spectrogram_pool_frames"])])  # fmt: skip
    bands = blocks(spectrogram.T, inputs["spectrogram_pool_bands"])
    spectrogram = np.stack([block.mean(0) for block in bands])
    lld = standardized("lld")
    groups = {group["name"]: slice(group["first_column"], group["first_column"] + group["num_columns"])
              for group in layout["lld_groups"]}  # fmt: skip
    weight = inputs["mfcc_weight"]
    mfcc, phase = weight * lld[:, groups["mfcc"]], (1 - weight) * lld[:, groups["residual_phase"]]
    rest = [lld[:, place] for name, place in groups.items() if name not in ("mfcc", "residual_phase")]
    first = [mfcc + phase] if inputs["combine"] == "sum" else [mfcc, phase]
    steps = blocks(np.concatenate(first + rest, 1), inputs["lld_pool_frames"])
    lld = np.stack([step.mean(0) for step in steps])
    if inputs["lld_statistics"] == "mean_std":
        lld = np.concatenate([lld, np.stack([step.std(0) for step in steps])], 1)
    if "standardization.pooled_lld.mean" in tensors:
        lld = (lld - tensors["standardization.pooled_lld.mean"]) / tensors[
            "standardization.pooled_lld.deviation"]  # fmt: skip
    network.eval()
    with torch.inference_mode():
        batch = [torch.from_numpy(x).float().unsqueeze(0) for x in (spectrogram, lld)]
        # mer's answer is calibrated on the run's validation songs.
        calibration = json.loads(metadata.get("calibration", '{"temperature": 1}'))
        found = torch.softmax(network(*batch)[0] / calibration["temperature"], 1)[0].tolist()
    classes = json.loads(metadata["classes"])
    worst = max(abs(expected[c] - p) for c, p in zip(classes, found))
    print(f"probabilities of one segment: mer {[round(expected[c], 5) for c in classes]}, largest "
          f"difference to PyTorch {worst:.1e}")  # fmt: skip
    if worst > 2e-4:
        sys.exit("the two networks differ, so their speeds cannot be compared")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mer", default="build/bin/mer")
    parser.add_argument("--config", default="configs/4qaed.yaml")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--set", action="append", default=[], help="further settings of mer's")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement, about")
    parser.add_argument("--network-benchmark", help="e.g. build/tests/benchmarks/mer_network_benchmark")
    parser.add_argument("--blas", help="OPENBLAS_CORETYPE for PyTorch; a user sets none")
    parser.add_argument("--bf16", action="store_true", help="PyTorch with autocast to bfloat16")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        run, status = run_mer(args, folder, "weights", ["train.epochs=0", "train.iterations=10",
                                                        "train.evaluate_every=10"])  # fmt: skip
        tensors, metadata = read_safetensors(run / "last.safetensors")
        model, shape, loss, config = (
            json.loads(metadata[key]) for key in ("model", "shape", "loss", "config"))
        if model["name"] != "improved_cnn" or model["conv"] != "plain" or model["pooling"] == "stat":
            sys.exit("only improved_cnn with plain convolutions, last or attention pooling")
        network = make_network(model, shape)
        parameters = sum(p.numel() for p in network.parameters())
        if parameters != status["network"]["parameters"]:
            sys.exit(f"PyTorch has {parameters} parameters, mer {status['network']['parameters']}")
        load_weights(network, tensors)
        print(f"{args.config}, batch {args.batch}: {parameters} parameters, "
              f"{multiply_adds(model, shape) / 1e6:.1f} M multiply-adds a segment forward")
        require_same_answers(args, folder, network, tensors, metadata)

        job = {"model": model, "shape": shape, "loss": loss, "train": config["train"],
               "bf16": args.bf16, "seconds": args.seconds}  # fmt: skip
        blas = {"OPENBLAS_CORETYPE": args.blas} if args.blas else {}
        # About as long as PyTorch's own measurement, from what the short run made.
        iterations = max(10, int(status["segments_per_second"] * args.seconds / args.batch))
        mine = []
        theirs = {setting: [] for setting in pytorch_settings()}
        for number in range(args.repetitions):
            mine.append(measure_mer(args, folder, number, iterations))
            for setting, rates in theirs.items():
                rates.append(measure_setting(job, setting, blas))
        for setting, rates in theirs.items():
            print("  PyTorch, threads {}, OMP_WAIT_POLICY {}, channels_last {}: ".format(*setting)
                  + ", ".join(f"{median_of(rates, kind):.0f} {kind}" for kind in KINDS))  # fmt: skip
        best = {kind: max(theirs.values(), key=lambda rates: median_of(rates, kind)) for kind in KINDS}
        for kind in KINDS:
            report(kind, mine, best[kind])
        if args.network_benchmark:
            report(NETWORK_ALONE, mine, best["evaluation"])

        # The kernels that `mer` chooses for itself.
        wide = "avx512vl" in pathlib.Path("/proc/cpuinfo").read_text()
        core = os.environ.get("OPENBLAS_CORETYPE") or ("SkylakeX" if wide else "Haswell")
        peak = child("peak", {}, OPENBLAS_CORETYPE=core, OMP_NUM_THREADS="1")
        flop = 2 * multiply_adds(model, shape) / 1e9
        training, evaluation = 3 * flop * median_of(mine, "training"), flop * median_of(mine, "evaluation")
        print(f"matrix product of 1024³ on one core: {peak:.0f} GFLOP/s; mer's training makes "
              f"{training:.0f} ({100 * training / peak:.0f} %; backward counted twice forward, "
              f"convolutions as direct sums), evaluation {evaluation:.0f} ({100 * evaluation / peak:.0f} %)")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("pytorch", "peak"):
        {"pytorch": measure_pytorch, "peak": measure_peak}[sys.argv[1]](json.loads(sys.argv[2]))
    else:
        main()
