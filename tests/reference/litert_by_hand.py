"""Times exported TFLite files in LiteRT and compares them with the ONNX file of the same network.

    python tests/reference/litert_by_hand.py exports/NAME data/NAME

Runs every .tflite file of an export folder on 200 validation images of a dataset folder, evenly spread and given one
by one, on one thread with XNNPACK. Needs tests/reference/requirements.txt. By hand, because it is timed.
"""

import csv
import pathlib
import sys
import time

import numpy
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

exports, data = map(pathlib.Path, sys.argv[1:])
session = onnxruntime.InferenceSession(exports / "model.onnx", providers=["CPUExecutionProvider"])
size = session.get_inputs()[0].shape[-1]
with open(data / "manifest.csv", newline="") as file:
    rows = [row for row, line in enumerate(csv.DictReader(file)) if line["split"] == "val"]
rows = [rows[i * len(rows) // 200] for i in range(200)]
pixels = numpy.memmap(data / "pixels.bin", numpy.uint8).reshape(-1, size, size, 3)
images = numpy.stack([pixels[row] for row in rows])
units = images.astype(numpy.float32) / 255
expected = numpy.concatenate(
    [session.run(["probabilities"], {"image": one[None].transpose(0, 3, 1, 2)})[0] for one in units]
)

for path in sorted(exports.glob("*.tflite")):
    network = Interpreter(str(path), num_threads=1)
    network.allocate_tensors()
    (given,), (output, _) = network.get_input_details(), network.get_output_details()
    found, seconds = [], []
    for image in units if given["dtype"] == numpy.float32 else images:
        began = time.perf_counter()
        network.set_tensor(given["index"], image[None])
        network.invoke()
        found.append(network.get_tensor(output["index"])[0])
        seconds.append(time.perf_counter() - began)
    differences = numpy.abs(numpy.stack(found) - expected)
    same = int((numpy.argmax(found, axis=1) == expected.argmax(axis=1)).sum())
    print(
        f"{path.name}: {path.stat().st_size} bytes, {1e3 * numpy.median(seconds):.1f} ms/image, difference "
        f"{differences.max():.1e} at most, {differences.mean():.1e} in the mean, same top-1 {same} of 200"
    )
