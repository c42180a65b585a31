"""Writes tests/reference/pth/: one small state dict in both layouts of torch.save, and its contents.

    pip install torch==2.11.0 && python tests/reference/pth.py

The dict has the contents of torchvision's files (an OrderedDict with _metadata, float32 parameters and
buffers, an int64 counter), and those of other files: views with strides and offsets, tensors that share a
storage, the other float types, a scalar, an empty tensor, an nn.Parameter.
"""

import json
import pathlib

import torch
from torch import nn

home = pathlib.Path(__file__).parent / "pth"
home.mkdir(exist_ok=True)
torch.manual_seed(1)

network = nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3))
state = network.state_dict()
matrix = torch.arange(12, dtype=torch.float32).reshape(3, 4)
state["whole"] = matrix
state["transposed"] = matrix.t()
state["column"] = matrix[:, 1:2]
state["tail"] = matrix[2]
state["double"] = torch.tensor([1.5, -2.25], dtype=torch.float64)
state["half"] = torch.tensor([0.5, 65504.0], dtype=torch.float16)
state["brain"] = torch.tensor([1.0, -3.0e38], dtype=torch.bfloat16)
state["scalar"] = torch.tensor(7.0)
state["empty"] = torch.zeros(0, 3)
state["parameter"] = nn.Parameter(torch.tensor([4.0, 5.0]))

torch.save(state, home / "zip.pth")
torch.save(state, home / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(network, home / "module.pth")
torch.save({"epoch": 3, "state_dict": state}, home / "nested.pth")
torch.save(state, home / "protocol4.pth", pickle_protocol=4)
torch.save({"a": torch.tensor([True])}, home / "booleans.pth")

expected = {
    name: {"kind": str(tensor.dtype), "shape": list(tensor.shape), "values": tensor.double().flatten().tolist()}
    for name, tensor in state.items()
}
(home / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
