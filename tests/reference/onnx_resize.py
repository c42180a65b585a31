"""Runs an ONNX file that resizes by itself on a picture of any size.

    python tests/reference/onnx_resize.py model.onnx picture.png

The file takes bytes as they come from the decoder. Prints the probabilities.
"""

import json
import sys

import numpy
import onnx
import onnxruntime
from PIL import Image

path, picture = sys.argv[1:]
onnx.checker.check_model(onnx.load(path), full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
pixels = numpy.asarray(Image.open(picture).convert("RGB"))[None]
(probabilities,) = session.run(["probabilities"], {"image": pixels})
json.dump(probabilities[0].tolist(), sys.stdout)
