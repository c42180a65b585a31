"""Writes mobilenet_v2_features.safetensors: features of torchvision's own MobileNetV2 for four inputs.

    python tests/reference/mobilenet_v2_features.py WEIGHTS.safetensors

Made with torch 2.11.0 and torchvision 0.26.0 on the CPU, from shared/weights/mobilenet_v2_imagenet.safetensors.
The inputs are a formula, so that a test can recreate them (see `inputs`).
"""

import sys
from pathlib import Path

import numpy
import torch
import torchvision
from safetensors.torch import load_file, save_file

COUNT, CHANNELS, SIDE = 4, 3, 224


def inputs():
    """Already normalised: element i of the flat 4 x 3 x 224 x 224 array (row-major, NCHW) of image n is
    2 sin(0.001 (n + 1) j + n), j = i - n * 3 * 224 * 224, in double precision, then rounded to float32."""
    per_image = CHANNELS * SIDE * SIDE
    j = numpy.arange(per_image, dtype=numpy.float64)
    images = [2.0 * numpy.sin(0.001 * (n + 1) * j + n) for n in range(COUNT)]
    return torch.from_numpy(numpy.stack(images).astype(numpy.float32).reshape(COUNT, CHANNELS, SIDE, SIDE))


def main():
    network = torchvision.models.mobilenet_v2()
    network.load_state_dict(load_file(sys.argv[1]))
    network.eval()
    with torch.no_grad():
        features = network.features(inputs()).mean(dim=(2, 3))
    out = Path(__file__).with_suffix(".safetensors")
    made_with = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    save_file({"features": features.contiguous()}, out, metadata={"made_with": made_with})
    print(out, tuple(features.shape), f"{features.min():.4f} to {features.max():.4f}, {made_with}")
    print("standard deviation over the four images, mean over features:", float(features.std(dim=0).mean()))


main()
