"""Arrays from a safetensors file, and onnx-nas's parameters put into PyTorch modules.

The modules are named after our parameters, so `cell0/edge3/sep_conv_3x3/first/depthwise` is
`cell0.edge3.sep_conv_3x3.first.depthwise.weight`. Whatever has no counterpart on either side is an error.
"""

import json
import struct

import torch

# Our leaf names, and where PyTorch keeps the same thing.
LEAVES = {
    "parameter": {
        "filter": ["filter.weight"],
        "depthwise": ["depthwise.weight"],
        "gain": ["norm.weight"],
        "bias": ["norm.bias", "bias"],
        "weights": ["weight"],
    },
    "statistic": {"mean": ["norm.running_mean"], "variance": ["norm.running_var"]},
}


def read_arrays(path):
    """Float32 tensors by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)
        arrays[name] = flat.reshape(entry["shape"]).clone()
    return arrays


def converted(leaf, value):
    """Our axes in PyTorch's order: filters [kh, kw, I, O] -> [O, I, kh, kw], matrices [I, O] -> [O, I]."""
    if leaf == "depthwise":  # [kh, kw, C, 1]
        return value.permute(2, 3, 0, 1)
    if leaf == "filter":
        return value.permute(3, 2, 0, 1)
    return value.t() if leaf == "weights" else value


def load(module, arrays):
    """Fills a module with the arrays named `parameter/...` and `statistic/...`."""
    targets = dict(module.named_parameters()) | dict(module.named_buffers())
    missing = {name for name, _ in module.named_parameters()}
    for name, value in arrays.items():
        kind, _, path = name.partition("/")
        if kind not in LEAVES:
            continue
        *place, leaf = path.split("/")
        names = [".".join([*place, suffix]) for suffix in LEAVES[kind][leaf]]
        target = next((candidate for candidate in names if candidate in targets), None)
        if target is None:
            if kind == "statistic":
                continue  # The tuned search keeps no running statistics.
            raise KeyError(f"the peer has no parameter for {name}; tried {', '.join(names)}")
        with torch.no_grad():
            targets[target].copy_(converted(leaf, value))
        missing.discard(target)
    if missing:
        raise KeyError(f"onnx-nas has no parameter for the peer's {', '.join(sorted(missing))}")
