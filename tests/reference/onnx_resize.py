"""Runs an ONNX file with a built-in resize on a picture of any size, and checks the resized bytes.

    python tests/reference/onnx_resize.py model.onnx picture.png prepared.png

The file takes bytes as they come from the decoder; prepared.png is the picture as `skinlesion` prepares it. Prints the
probabilities, and the largest and mean difference of the bytes.
"""

import json
import sys

import numpy
import onnx
import onnxruntime
from PIL import Image

path, picture, prepared = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
resized = "resize.width.rounded"
model.graph.output.append(onnx.helper.make_tensor_value_info(resized, onnx.TensorProto.FLOAT, None))
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
pixels = numpy.asarray(Image.open(picture).convert("RGB"))[None]
probabilities, found = session.run(["probabilities", resized], {"image": pixels})
expected = numpy.asarray(Image.open(prepared).convert("RGB")).transpose(2, 0, 1)
difference = numpy.abs(found[0] - expected)
json.dump(
    {
        "probabilities": probabilities[0].tolist(),
        "largest": float(difference.max()),
        "mean": float(difference.mean()),
    },
    sys.stdout,
)
