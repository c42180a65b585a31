"""Runs an exported TFLite file in LiteRT, the format's own runtime, and reads its metadata.

    python tests/reference/litert.py model.tflite pixels.bin

`pixels.bin` holds prepared images one after the other (u8, row-major, RGB interleaved). Prints one JSON object:
the probabilities with all images in one batch and one at a time, from XNNPACK (used on phones), from the optimised
kernels and from the reference kernels; and the file's inputs, signature, metadata and associated files.
"""

import json
import sys
import zipfile

import flatbuffers
import numpy
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import number_types
from flatbuffers.table import Table

path, pixels = sys.argv[1:]
resolvers = {
    "xnnpack": litert.OpResolverType.BUILTIN,
    "optimised": litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "reference": litert.OpResolverType.BUILTIN_REF,
}


def opened(kernels):
    return litert.Interpreter(
        model_path=path, num_threads=1, experimental_op_resolver_type=resolvers[kernels]
    )


(image,) = opened("reference").get_input_details()
size = int(image["shape"][1])
values = numpy.fromfile(pixels, dtype=numpy.uint8).reshape(-1, size, size, 3)
if image["dtype"] == numpy.float32:
    values = values.astype(numpy.float32) / 255


def run(network, batch):
    network.resize_tensor_input(image["index"], batch.shape, strict=True)
    answer = network.get_signature_runner("serving_default")(image=batch)
    probabilities, logits = answer["probabilities"], answer["logits"]
    exponentials = numpy.exp(logits.astype(numpy.float64) - logits.max(axis=1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    numpy.testing.assert_allclose(probabilities, softmax, atol=1e-6)
    return probabilities.tolist()


answers = {}
for kernels in resolvers:
    network = opened(kernels)
    answers[kernels] = {
        "together": run(network, values),
        "one_by_one": [run(network, value[None])[0] for value in values],
    }


def field(table, slot):
    """Where a table's field lies, by its number in the schema."""
    offset = table.Offset(4 + 2 * slot)
    assert offset, f"field {slot} is missing"
    return table.Pos + offset


def table(parent, slot):
    return Table(parent.Bytes, parent.Indirect(field(parent, slot)))


def first(parent, slot):
    """The first table of a list."""
    start = parent.Vector(field(parent, slot) - parent.Pos)
    return Table(parent.Bytes, parent.Indirect(start))


def number(parent, slot):
    """The first number of a list of floats."""
    start = parent.Vector(field(parent, slot) - parent.Pos)
    return parent.Get(number_types.Float32Flags, start)


def text(parent, slot):
    return parent.String(field(parent, slot)).decode()


with open(path, "rb") as file:
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file.read()))
entries = {entry.name.decode(): bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
assert model.buffers[0].data is None or len(model.buffers[0].data) == 0

described = entries["TFLITE_METADATA"]
assert described[4:8] == b"M001"
root = Table(described, flatbuffers.encode.Get(flatbuffers.packer.uoffset, described, 0))
subgraph = first(root, 3)
given = first(subgraph, 2)
normalization = table(first(given, 4), 1)
output = first(subgraph, 3)

with zipfile.ZipFile(path) as archive:
    assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    files = {name: archive.read(name).decode() for name in archive.namelist()}

json.dump(
    {
        "input": [image["name"], image["shape_signature"].tolist(), image["dtype"].__name__],
        "outputs": [one["name"] for one in opened("reference").get_output_details()],
        "oldest_runtime": entries["min_runtime_version"].rstrip(b"\0").decode(),
        "operators": sorted([code.builtinCode, code.version] for code in model.operatorCodes),
        "description": json.loads(entries["skinlesion"]),
        "metadata": {
            "licence": text(root, 5),
            "input": text(given, 0),
            "mean": number(normalization, 0),
            "std": number(normalization, 1),
            "output": text(output, 0),
            "labels": text(first(output, 6), 0),
        },
        "files": files,
        "answers": answers,
    },
    sys.stdout,
)
