"""One step of retraining in PyTorch: `python retrain_step.py MODE` (see mode.py).

published: a path is dropped in two passes in place, as in the published code; the others: in one multiplication.
"""

import torch
from torch import nn
from torch.nn import functional as F

import lines
import mode
from arrays import load, read_arrays
from mode import TUNED
from network import Network


class Retraining:
    def __init__(self, request):
        options = request["options"]
        torch.set_num_threads(request["threads"])
        arrays = read_arrays(request["problem"])
        self.device = mode.device_of(request)
        sizes = (request["image"]["channels"], options["channels"], options["cells"], request["classes"])
        self.model = Network(*sizes, request["genotype"], auxiliary=True)
        load(self.model, arrays)
        self.model = self.model.to(self.device, memory_format=mode.LAYOUT).train()
        self.weights = list(self.model.parameters())
        self.batch = mode.Batch(arrays["trainImages"], arrays["trainLabels"], self.device)
        self.forward = mode.compiled(self.model)
        self.scaler = mode.scaler(self.device)
        self.masks = arrays["pathMasks"][:, :, None, None, None].to(self.device)  # 0 or 1/keep
        self.keep = 1 / self.masks.max().item()
        self.kept = self.masks * self.keep
        self.auxiliary_weight = options["auxiliaryWeight"]
        foreach = True if TUNED else None
        self.clip = {"max_norm": options["gradientClip"], "foreach": foreach}
        self.optimizer = torch.optim.SGD(
            self.weights,
            lr=options["learningRate"],
            momentum=options["momentum"],
            weight_decay=options["weightDecay"],
            foreach=foreach,
        )

    def drop(self, x, site):
        return x * self.masks[site].to(x.dtype) if TUNED else x.div_(self.keep).mul_(self.kept[site])

    def step(self):
        self.optimizer.zero_grad()
        images, labels = self.batch()
        with mode.autocast(self.device):
            logits, side = self.forward(images, self.drop)
            loss = F.cross_entropy(logits, labels)
            whole = loss + self.auxiliary_weight * F.cross_entropy(side, labels)
        self.scaler.scale(whole).backward()
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.weights, **self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()


retraining = None


def prepare(request):
    global retraining
    retraining = Retraining(request)
    parameters = sum(weight.numel() for weight in retraining.weights)
    return {"parameters": parameters, "versions": lines.versions()}


lines.answer(
    {
        "prepare": prepare,
        "step": lambda _: lines.timed(retraining.step),
        "memory": lines.memory,
    }
)
