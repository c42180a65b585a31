"""Writes training_step.json: loss, gradients and running statistics of one training step of torchvision's MobileNetV2.

    python tests/reference/training_step.py

Made with torch 2.11.0 and torchvision 0.26.0 on the CPU, in double precision. The network (width 0.35, seven classes) and
its inputs are formulas, so that a test can recreate them. A tensor is identified by its norm and by its sum weighted with
cos(0.3 i) over its elements i (row-major).
"""

import json
from pathlib import Path

import torch
import torchvision

SHAPE, LABELS = (4, 3, 64, 64), [0, 4, 5, 2]


def formula(name, number, shape):
    """Element i of the tensor that is the `number`-th by name."""
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.float64)
    if name.endswith("running_mean"):
        return torch.zeros(shape, dtype=torch.float64)
    if name.endswith("running_var"):
        return torch.ones(shape, dtype=torch.float64)
    wave = torch.sin(0.37 * i * i + number).reshape(shape)
    if len(shape) == 4:
        inputs = shape[1] * shape[2] * shape[3]
        return wave * (4.0 / inputs) ** 0.5
    if len(shape) == 2:
        return wave * 0.1
    return 0.3 * wave + (1.0 if name.endswith("weight") else 0.5)


def told(tensor):
    flat = tensor.detach().reshape(-1)
    weights = torch.cos(0.3 * torch.arange(flat.numel(), dtype=torch.float64))
    return [flat.norm().item(), (flat * weights).sum().item()]


def main():
    network = torchvision.models.mobilenet_v2(num_classes=7, width_mult=0.35, dropout=0.0).double().train()
    state = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    for number, name in enumerate(sorted(state)):
        state[name].copy_(formula(name, number, state[name].shape).float())
    count = torch.Size(SHAPE).numel()
    images = (2.0 * torch.sin(0.01 * torch.arange(count, dtype=torch.float64) ** 1.5)).float().double().reshape(SHAPE)
    loss = torch.nn.functional.cross_entropy(network(images), torch.tensor(LABELS))
    loss.backward()
    gradients = {name: told(parameter.grad) for name, parameter in network.named_parameters()}
    running = {name: told(tensor) for name, tensor in state.items() if "running" in name}
    out = Path(__file__).with_suffix(".json")
    written = {
        "made_with": f"torch {torch.__version__}, torchvision {torchvision.__version__}",
        "loss": loss.item(),
        "gradients": gradients,
        "running": running,
    }
    out.write_text(json.dumps(written, indent=1) + "\n")
    print(out, loss.item())


if __name__ == "__main__":
    main()
