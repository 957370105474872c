"""One step of retraining in PyTorch: `python retrain_step.py published|tuned`.

tuned: channels_last, foreach optimizer, a path dropped in one multiplication instead of two in place.
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F

import lines
from arrays import load, read_arrays
from network import Network

TUNED = sys.argv[1] == "tuned"


class Retraining:
    def __init__(self, request):
        options = request["options"]
        torch.set_num_threads(request["threads"])
        arrays = read_arrays(request["problem"])
        layout = torch.channels_last if TUNED else torch.contiguous_format
        sizes = (request["image"]["channels"], options["channels"], options["cells"], request["classes"])
        self.model = Network(*sizes, request["genotype"], auxiliary=True)
        load(self.model, arrays)
        self.model = self.model.to(memory_format=layout).train()
        self.weights = list(self.model.parameters())
        self.images = arrays["trainImages"].to(memory_format=layout)
        self.labels = arrays["trainLabels"].long()
        self.masks = arrays["pathMasks"][:, :, None, None, None]  # 0 or 1/keep
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
        return x * self.masks[site] if TUNED else x.div_(self.keep).mul_(self.kept[site])

    def step(self):
        self.optimizer.zero_grad()
        logits, side = self.model(self.images, self.drop)
        loss = F.cross_entropy(logits, self.labels)
        (loss + self.auxiliary_weight * F.cross_entropy(side, self.labels)).backward()
        nn.utils.clip_grad_norm_(self.weights, **self.clip)
        self.optimizer.step()
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
