"""Runs the golden vectors of an export folder, as an app should: prepares each picture with Pillow, runs each ONNX
file in ONNX Runtime, and compares with golden.json.

    python tests/reference/golden.py FOLDER

Prints one JSON object: the largest difference of a prepared byte and, by format, of a probability.
Preparation and network are tested separately, to locate a fault. Apps may copy this code.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import onnxruntime
from PIL import Image

folder = pathlib.Path(sys.argv[1])
model = json.loads((folder / "model.json").read_text())
golden = json.loads((folder / model["golden"]).read_text())
size = model["resize"]["size"]
found = {"prepared": 0, "same_hash": 0, "images": len(golden["images"])}
prepared = []
for image in golden["images"]:
    picture = Image.open(folder / image["file"]).convert("RGB")
    lower = picture.resize((picture.width, size), Image.Resampling.BILINEAR)  # the vertical pass comes first
    pixels = numpy.asarray(lower.resize((size, size), Image.Resampling.BILINEAR))
    expected = numpy.asarray(Image.open(folder / image["prepared"]["file"]).convert("RGB"))
    assert hashlib.sha256(expected.tobytes()).hexdigest() == image["prepared"]["sha256"], image["file"]
    difference = numpy.abs(pixels.astype(int) - expected).max()
    assert difference <= golden["tolerance"]["prepared"], image["file"]
    found["prepared"] = max(found["prepared"], int(difference))
    found["same_hash"] += hashlib.sha256(pixels.tobytes()).hexdigest() == image["prepared"]["sha256"]
    prepared.append(expected)

for file in model["files"]:
    if not file["file"].endswith(".onnx"):
        continue
    session = onnxruntime.InferenceSession(folder / file["file"], providers=["CPUExecutionProvider"])
    largest = 0
    for image, pixels in zip(golden["images"], prepared):
        given = pixels[None]
        if "height" in file["input"]["shape"]:  # it resizes by itself
            given = numpy.asarray(Image.open(folder / image["file"]).convert("RGB"))[None]
        if file["input"]["layout"] == "NCHW":
            given = given.transpose(0, 3, 1, 2)
        if file["input"]["dtype"] == "float32":
            given = given.astype(numpy.float32) / 255
        tolerance = golden["tolerance"]["probabilities"][file["format"]]
        (answer,) = session.run(["probabilities"], {file["input"]["name"]: given})
        expected = image["probabilities"][file["format"]]
        difference = float(numpy.abs(answer[0] - expected).max())
        assert difference <= tolerance, (file["file"], image["file"], difference)
        largest = max(largest, difference)
    found[file["format"]] = largest
json.dump(found, sys.stdout)
