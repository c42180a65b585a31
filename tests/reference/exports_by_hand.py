"""Compares an export folder with PyTorch itself. Needs the full torch, so it is run by hand: see docs/exports.md.

    python tests/reference/exports_by_hand.py checkpoints/NAME/best.safetensors exports/NAME

The reference is torchvision's own mobilenet_v2 with the checkpoint's tensors, BatchNorm not fused, and the
normalisation and softmax written out here. Inputs come from a seeded generator.
"""

import json
import sys
from pathlib import Path

import numpy
import onnxruntime
import torch
import torchvision
from safetensors import safe_open

checkpoint, folder = Path(sys.argv[1]), Path(sys.argv[2])
with safe_open(checkpoint, framework="pt") as file:
    about = json.loads(file.metadata()["skinlesion"])
    tensors = {name: file.get_tensor(name) for name in file.keys()}

network = torchvision.models.mobilenet_v2(
    width_mult=about["architecture"]["width"], num_classes=about["architecture"]["classes"]
)
known = network.state_dict()
missing, unexpected = network.load_state_dict({n: t for n, t in tensors.items() if n in known}, strict=False)
assert all(name.endswith("num_batches_tracked") for name in missing), missing
network.eval()

mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
size = about["resize"]["size"]
grid = numpy.random.default_rng(1234).random((32, 3, 6, 6), dtype=numpy.float32)
images = torch.nn.functional.interpolate(torch.from_numpy(grid), size, mode="bilinear")

extra = {"model.json": ""}
module = torch.jit.load(str(folder / "model.pt"), _extra_files=extra)
assert [c["code"] for c in json.loads(extra["model.json"])["classes"]] == about["classes"]
session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])


def onnx(batch):
    return session.run(["probabilities", "logits"], {"image": batch.numpy()})


print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, onnxruntime {onnxruntime.__version__}")
with torch.no_grad():
    logits = network((images - mean) / std)
    probabilities = logits.softmax(1)
    print(f"classes that win on the {len(images)} images:", sorted(set(probabilities.argmax(1).tolist())))
    for name, run in [("model.pt in PyTorch", module), ("model.onnx in ONNX Runtime", onnx)]:
        for count in (1, 5, 32):
            found = [torch.as_tensor(output) for output in run(images[:count])]
            differences = [
                (a - b[:count]).abs().max().item() for a, b in zip(found, (probabilities, logits))
            ]
            same = (found[0].argmax(1) == probabilities[:count].argmax(1)).sum().item()
            print(
                f"{name}, batch {count}: largest difference {differences[0]:.1e} (probabilities), "
                f"{differences[1]:.1e} (logits), top-1 {same}/{count}"
            )
