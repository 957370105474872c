"""One search iteration of first-order DARTS in PyTorch: `python search_step.py MODE` (see mode.py).

published: each update is one whole backward pass, gradients of everything.
The others: gradients only of what the update changes.
"""

import torch
from torch import nn
from torch.nn import functional as F

import lines
import mode
from arrays import load, read_arrays
from mode import TUNED
from supernet import Supernet


class Search:
    def __init__(self, request):
        options = request["options"]
        torch.set_num_threads(request["threads"])
        arrays = read_arrays(request["problem"])
        self.device = mode.device_of(request)
        sizes = (request["image"]["channels"], options["channels"], options["cells"], request["classes"])
        self.model = Supernet(*sizes, tuned=TUNED)
        load(self.model, arrays)
        self.model = self.model.to(self.device, memory_format=mode.LAYOUT).train()
        self.weights = list(self.model.parameters())
        self.alphas = [nn.Parameter(alpha.clone().to(self.device)) for alpha in arrays["alpha"]]
        self.batches = {
            name: mode.Batch(arrays[f"{name}Images"], arrays[f"{name}Labels"], self.device)
            for name in ("train", "validation")
        }
        self.forward = mode.compiled(self.model)
        self.scalers = {name: mode.scaler(self.device) for name in ("alpha", "theta")}
        foreach = True if TUNED else None
        self.clip = {"max_norm": options["gradientClip"], "foreach": foreach}
        self.weight_optimizer = torch.optim.SGD(
            self.weights,
            lr=options["learningRate"],
            momentum=options["momentum"],
            weight_decay=options["weightDecay"],
            foreach=foreach,
        )
        self.alpha_optimizer = torch.optim.Adam(
            self.alphas,
            lr=options["alphaLearningRate"],
            betas=(options["alphaBeta1"], options["alphaBeta2"]),
            weight_decay=options["alphaWeightDecay"],
            foreach=foreach,
        )

    def loss(self, batch):
        images, labels = self.batches[batch]()
        with mode.autocast(self.device):
            return F.cross_entropy(self.forward(images, *self.alphas), labels)

    def alpha_step(self):
        self.alpha_optimizer.zero_grad()
        loss = self.loss("validation")
        scaler = self.scalers["alpha"]
        scaler.scale(loss).backward()
        scaler.step(self.alpha_optimizer)
        scaler.update()
        return loss.item()

    def weight_step(self):
        self.weight_optimizer.zero_grad()
        loss = self.loss("train")
        scaler = self.scalers["theta"]
        scaler.scale(loss).backward()
        scaler.unscale_(self.weight_optimizer)
        nn.utils.clip_grad_norm_(self.weights, **self.clip)
        scaler.step(self.weight_optimizer)
        scaler.update()
        return loss.item()


class TunedSearch(Search):
    """Autograd computes, and keeps activations for, only the gradients of what requires one."""

    def require(self, weights):
        for parameter in self.weights:
            parameter.requires_grad_(weights)
        for alpha in self.alphas:
            alpha.requires_grad_(not weights)

    def alpha_step(self):
        self.require(weights=False)
        return super().alpha_step()

    def weight_step(self):
        self.require(weights=True)
        return super().weight_step()


search = None


def prepare(request):
    global search
    search = (TunedSearch if TUNED else Search)(request)
    parameters = sum(weight.numel() for weight in search.weights)
    return {"parameters": parameters, "versions": lines.versions()}


lines.answer(
    {
        "prepare": prepare,
        "alpha": lambda _: lines.timed(search.alpha_step),
        "theta": lambda _: lines.timed(search.weight_step),
        "memory": lines.memory,
    }
)
