"""How a peer computes, by the first word of its command line, and where.

published: contiguous NCHW, PyTorch's defaults.
tuned:     channels_last, no more gradients than needed, foreach optimizers.
amp:       tuned, in mixed precision: autocast to float16 and a scaled loss.
compiled:  amp, by torch.compile.
"""

import sys

import torch

MODE = sys.argv[1]
TUNED = MODE != "published"
AMP = MODE in ("amp", "compiled")
LAYOUT = torch.channels_last if TUNED else torch.contiguous_format


def device_of(request):
    """What the request names. An error says what is missing before work starts."""
    device = request.get("device", "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} finds no CUDA device")
    return device


def autocast(device):
    return torch.autocast(device, dtype=torch.float16, enabled=AMP)


def scaler(device):
    """Scales nothing where the precision is not mixed."""
    return torch.amp.GradScaler(device, enabled=AMP)


def compiled(model):
    return torch.compile(model) if MODE == "compiled" else model


class Batch:
    """Images and labels on the host, which go to the device at every step."""

    def __init__(self, images, labels, device):
        self.device = device
        pin = device == "cuda"
        images, labels = images.contiguous(memory_format=LAYOUT), labels.long()
        self.host = (images.pin_memory(), labels.pin_memory()) if pin else (images, labels)

    def __call__(self):
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in self.host)
