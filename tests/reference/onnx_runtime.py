"""Checks an exported ONNX file with ONNX's own checker and runs it in ONNX Runtime.

    python tests/reference/onnx_runtime.py model.onnx pixels.bin

`pixels.bin` holds prepared images one after the other (u8, row-major, RGB interleaved). Prints one JSON object:
the probabilities with all images in one batch and one at a time, and the metadata of the file.
"""

import json
import sys

import numpy
import onnx
import onnxruntime

path, pixels = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)  # also infers every shape

options = onnxruntime.SessionOptions()
# On x86 processors without VNNI, the faster int8 kernels saturate sums of products at 16 bits.
options.add_session_config_entry("session.x64quantprecision", "1")
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
(image,) = session.get_inputs()
size = json.loads(session.get_modelmeta().custom_metadata_map["resize"])["size"]
values = numpy.fromfile(pixels, dtype=numpy.uint8).reshape(-1, size, size, 3)
if image.type == "tensor(float)":
    values = values.transpose(0, 3, 1, 2).astype(numpy.float32) / 255


def run(batch):
    probabilities, logits, evidence = session.run(["probabilities", "logits", "evidence"], {image.name: batch})
    exponentials = numpy.exp(logits.astype(numpy.float64) - logits.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    numpy.testing.assert_allclose(probabilities, softmax, atol=1e-6)
    # A logit is the mean of its evidence and a constant.
    constants = logits - evidence.mean(axis=(2, 3))
    numpy.testing.assert_allclose(constants, constants[:1].repeat(len(constants), axis=0), atol=1e-4)
    return probabilities.tolist()


json.dump(
    {
        "versions": {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
        "opset": model.opset_import[0].version,
        "input": [image.name, image.type, image.shape],
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "together": run(values),
        "one_by_one": [run(value[None])[0] for value in values],
    },
    sys.stdout,
)
