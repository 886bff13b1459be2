# SPDX-License-Identifier: Apache-2.0
"""What the recorded vectors rest on: numbers that C++ and Python make alike from a name, and a
safetensors reader and writer that need no package.

tests/support/golden.hpp is the same in C++.
"""
import json
import platform
import struct

import numpy as np

MASK = (1 << 64) - 1
DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "U8": "u1"}


def uniform(name, shape):
    """Numbers in [-1, 1), each exact in double: FNV-1a of the name seeds SplitMix64."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & MASK
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    values = (z >> np.uint64(11)).astype(np.float64) * 2.0 ** -52 - 1.0
    return values.reshape(shape)


def parameter(name, shape):
    """Initial value of a parameter or buffer of a network, by its name and shape."""
    values = uniform(name, shape)
    if len(shape) > 1:
        return values * (2.0 / np.sqrt(np.prod(shape[1:])))
    if name.endswith("running_var"):
        return values * 0.5 + 1.0
    if name.endswith(".weight"):
        return values * 0.5 + 1.0
    return values * 0.5


def write_safetensors(path, arrays, metadata):
    names = {"<f8": "F64", "<f4": "F32", "<i8": "I64", "|u1": "U8"}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header, begin = {"__metadata__": metadata}, 0
    for name in order:
        array = arrays[name]
        header[name] = {"dtype": names[array.dtype.str], "shape": list(array.shape),
                        "data_offsets": [begin, begin + array.nbytes]}
        begin += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(arrays[name]).tobytes())


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]])
        arrays[name] = array.reshape(entry["shape"])
    return arrays, metadata


def provenance(script):
    import torch

    return {"recorded by": f"tests/oracle/{script}", "torch": torch.__version__,
            "numpy": np.__version__, "python": platform.python_version(),
            "seed": "none: every number is portable.uniform(name)"}


class Recorder:
    """Collects arrays under names and writes them, in double, with versions in the metadata."""

    def __init__(self):
        self.arrays = {}

    def add(self, name, tensor):
        assert name not in self.arrays, name
        self.arrays[name] = np.array(tensor.detach().numpy(), dtype=np.float64)

    def value(self, name, number):
        self.arrays[name] = np.array([float(number)])

    def write(self, path, script):
        write_safetensors(path, self.arrays, provenance(script))
        size = sum(array.nbytes for array in self.arrays.values())
        print(f"{path}: {len(self.arrays)} arrays, {size} bytes")


def fill_module(module, prefix):
    """Gives every floating parameter and buffer of a module its portable value."""
    import torch

    with torch.no_grad():
        for name, tensor in module.state_dict(keep_vars=True).items():
            if tensor.is_floating_point():
                full = prefix + "." + name
                tensor.copy_(torch.from_numpy(parameter(full, tuple(tensor.shape))))


def tensor(name, shape):
    import torch

    return torch.from_numpy(uniform(name, shape).copy())


def record_pass(recorder, case, module, shape, training=True):
    """One forward and backward pass: output, dL/dinput, dL/dparameter, buffers afterwards."""
    module.double().train(training)
    fill_module(module, case)
    x = tensor(case + ".input", shape).requires_grad_()
    y = module(x)
    y.backward(tensor(case + ".d_output", tuple(y.shape)))
    recorder.add(case + ".output", y)
    recorder.add(case + ".d_input", x.grad)
    for name, parameter_ in module.named_parameters():
        recorder.add(f"{case}.{name}.grad", parameter_.grad)
    for name, buffer in module.named_buffers():
        if buffer.is_floating_point():
            recorder.add(f"{case}.{name}", buffer)
