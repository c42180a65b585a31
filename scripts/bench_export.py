"""Run by scripts/bench-export: times each file of an export folder, and two peers, in alternating rounds."""

import json
import logging
import os
import pathlib
import statistics
import sys
import tempfile
import time
import warnings

import numpy as np

FLOAT_PEER = "torchvision, torch.onnx.export"
INT8_PEER = "the same, quantize_static"


def onnx_runner(path):
    """Runs an ONNX file in ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in wanted.shape]
    kind = np.float16 if wanted.type == "tensor(float16)" else np.float32
    feed = {wanted.name: noise(shape, kind)}
    return lambda: session.run(None, feed)


def litert_runner(path):
    """Runs a LiteRT file on one thread; its interpreter takes XNNPACK where it can."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    wanted = interpreter.get_input_details()[0]
    interpreter.set_tensor(wanted["index"], noise(wanted["shape"], wanted["dtype"]))
    return interpreter.invoke


def torch_runner(path, size):
    """Runs a TorchScript file on one thread."""
    import torch

    torch.set_num_threads(1)
    network = torch.jit.load(path).eval()
    image = torch.from_numpy(noise([1, 3, size, size], np.float32))

    def run():
        with torch.inference_mode():
            network(image)

    return run


def noise(shape, kind):
    """An image of noise: 0 to 1, or all levels of a whole number."""
    values = np.random.default_rng(1234).random(shape)
    if np.issubdtype(kind, np.integer):
        levels = np.iinfo(kind)
        return (levels.min + values * (levels.max - levels.min)).astype(kind)
    return values.astype(kind)


def peers(work, size):
    """torchvision's network as PyTorch's exporter writes it, and as ONNX Runtime's quantiser makes it int8: per
    channel, QDQ, everything else as it comes. The weights are random, which costs the same time."""
    import torch
    import torchvision
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Noise(CalibrationDataReader):
        def __init__(self):
            self.images = iter(np.random.default_rng(1).random((16, 1, 3, size, size), np.float32))

        def get_next(self):
            image = next(self.images, None)
            return None if image is None else {"image": image}

    network = torchvision.models.mobilenet_v2(num_classes=7).eval()
    exported, prepared, int8 = (work / name for name in ("peer.onnx", "prepared.onnx", "peer-int8.onnx"))
    torch.onnx.export(
        network, (torch.zeros(1, 3, size, size),), str(exported), input_names=["image"], external_data=False, verbose=False
    )
    quant_pre_process(str(exported), str(prepared))
    quantize_static(str(prepared), str(int8), Noise(), quant_format=QuantFormat.QDQ, per_channel=True)
    return exported, int8


def runners(export, work):
    """(name, runtime, peer, bytes, run) of all that is timed; the peers first."""
    import onnxruntime

    model = json.loads((export / "model.json").read_text())
    size = model["resize"]["size"]
    ort = f"ONNX Runtime {onnxruntime.__version__}"
    exported, int8 = peers(work, size)
    yield FLOAT_PEER, ort, FLOAT_PEER, exported.stat().st_size, onnx_runner(exported)
    yield INT8_PEER, ort, INT8_PEER, int8.stat().st_size, onnx_runner(int8)
    for listed in model["files"]:
        path, form = export / listed["file"], listed["format"]
        peer = INT8_PEER if form.endswith("int8") else FLOAT_PEER
        if not path.exists():
            print(f"skipped: {path} is not there", file=sys.stderr)
        elif form.startswith("onnx"):
            yield path.name, ort, peer, path.stat().st_size, onnx_runner(path)
        elif form.startswith("tflite"):
            yield path.name, "LiteRT", peer, path.stat().st_size, litert_runner(path)
        elif form == "torchscript":
            yield path.name, "PyTorch", peer, path.stat().st_size, torch_runner(path, size)


def median_times(runs_of, rounds, runs):
    """Milliseconds a run of each: a list of its rounds' medians. Each round goes through all of
    them, in the opposite order of the one before, so that a machine that slows down slows all alike."""
    times = [[] for _ in runs_of]
    for number in range(rounds):
        order = list(enumerate(runs_of))
        for at, run in order if number % 2 == 0 else reversed(order):
            for _ in range(3):
                run()
            each = []
            for _ in range(runs):
                began = time.perf_counter()
                run()
                each.append(1e3 * (time.perf_counter() - began))
            times[at].append(statistics.median(each))
    return times


def main(export, rounds, runs):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as work:
        entries = list(runners(export, pathlib.Path(work)))
        times = median_times([entry[-1] for entry in entries], rounds, runs)
    rounds_of = {entry[0]: each for entry, each in zip(entries, times)}
    print("| file | runtime | ms an image (range of rounds) | as fast as its peer, times | MB |\n|---|---|---|---|---|")
    for (name, runtime, peer, size, _), each in zip(entries, times):
        # Round by round, as both then ran at nearly the same time.
        ratios = [theirs / ours for theirs, ours in zip(rounds_of[peer], each)]
        ratio = "–" if name == peer else f"{statistics.median(ratios):.2f}"
        print(f"| {name} | {runtime} | {statistics.median(each):.2f} ({min(each):.2f}–{max(each):.2f}) | {ratio} | {size / 1e6:.2f} |")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
