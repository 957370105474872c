"""The peers' side of the benchmarks' conversation: one JSON request a line on stdin, one answer a line on stdout."""

import importlib.metadata
import json
import platform
import sys
import time


def answer(handlers):
    """Calls `handlers[request["command"]](request)` for each request until stdin ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            response = handlers[request["command"]](request)
        except Exception as error:  # Whatever fails is the asking side's to report.
            response = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(response) + "\n")
        answers.flush()


def timed(step):
    """Runs a step that returns its loss; milliseconds and loss."""
    begin = time.perf_counter()
    loss = step()
    return {"milliseconds": 1e3 * (time.perf_counter() - begin), "loss": loss}


def memory(_request=None):
    """The highest resident memory of this process so far, in bytes (Linux)."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return {"peakBytes": 1024 * int(line.split()[1])}


def versions(*packages):
    """Of Python, PyTorch and other packages."""
    of = {name: importlib.metadata.version(name) for name in ("torch", *packages)}
    return {"python": platform.python_version(), **of, **cuda_versions()}


def cuda_versions():
    """Of what PyTorch computes with on a GPU, and the GPU's name; nothing where there is none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {
        "gpu": torch.cuda.get_device_name(),
        "cuda": torch.version.cuda,
        "cudnn": str(torch.backends.cudnn.version()),
    }
