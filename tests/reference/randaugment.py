"""Writes randaugment.json: what the operations of torchvision's RandAugment make of images/photo_stretch_24.png.

    pip install torch torchvision && python tests/reference/randaugment.py

Made with torch 2.11.0, torchvision 0.26.0 and Pillow 13.0.0. The images are Pillow's: for tensors, torchvision's
sharpness darkens some even areas by one level, as it adds two rounded products and cuts off the fraction. Each output
is that of `RandAugment` at a bin of its 31 magnitudes, as hexadecimal digits of the image's bytes (rows from the top,
RGB). `-` is the negative direction of a signed magnitude.
"""

import json
from pathlib import Path

import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import RandAugment, _apply_op

HERE = Path(__file__).parent
image = Image.open(HERE / "images/photo_stretch_24.png").convert("RGB")
space = RandAugment()._augmentation_space(31, [image.height, image.width])


def output(name, magnitude):
    changed = _apply_op(image, name, magnitude, InterpolationMode.NEAREST, None)
    return changed.tobytes().hex()


outputs = {name: output(name, 0.0) for name in ("AutoContrast", "Equalize")}
for name in ("Sharpness", "Posterize"):
    magnitudes, signed = space[name]
    for bin in (3, 9, 15, 27):
        magnitude = float(magnitudes[bin])
        outputs[f"{name} {bin}"] = output(name, magnitude)
        if signed:
            outputs[f"{name} -{bin}"] = output(name, -magnitude)
text = json.dumps({"torchvision": torchvision.__version__, "outputs": outputs}, indent=1)
(HERE / "randaugment.json").write_text(text + "\n")
