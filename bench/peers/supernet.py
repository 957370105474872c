"""The supernet: every edge of every cell is a mixed operation. `tuned` chooses how it is executed, not what it is.

As published: the zero operation takes part, sums start from 0, batch norms keep running statistics.
Tuned: none of these; each candidate is weighed and added in one pass (addcmul).
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from operations import OPERATIONS, Stem, frames, preprocessing

EDGES = [(node, source) for node in range(4) for source in range(2 + node)]


def candidate(name, channels, stride, norm):
    operation = OPERATIONS[name](channels, stride, norm)
    return nn.Sequential(operation, norm(channels)) if "pool" in name else operation


class MixedOperation(nn.Module):
    def __init__(self, channels, stride, norm):
        super().__init__()
        for name in OPERATIONS:
            self.add_module(name, candidate(name, channels, stride, norm))

    def forward(self, x, weights):
        return sum(weight * operation(x) for weight, operation in zip(weights, self.children()))


class Cell(nn.Module):
    def __init__(self, inputs, channels, reduction, previous_reduction, norm):
        super().__init__()
        self.preprocess0, self.preprocess1 = preprocessing(inputs, channels, previous_reduction, norm)
        self.edges = []
        for index, (_, source) in enumerate(EDGES):
            edge = self.make_edge(channels, 2 if reduction and source < 2 else 1, norm)
            self.add_module(f"edge{index}", edge)
            self.edges.append(edge)

    make_edge = MixedOperation

    def forward(self, before, previous, weights):
        states = [self.preprocess0(before), self.preprocess1(previous)]
        for node in range(4):
            states.append(self.node(states, node, weights))
        return torch.cat(states[-4:], 1)

    def incoming(self, states, node, weights):
        """State, edge and weights of each edge into a node."""
        for edge, (target, source), row in zip(self.edges, EDGES, weights):
            if target == node:
                yield states[source], edge, row

    def node(self, states, node, weights):
        return sum(edge(x, row) for x, edge, row in self.incoming(states, node, weights))


class TunedMixedOperation(MixedOperation):
    def add_to(self, total, x, weights):
        for weight, (name, operation) in zip(weights.unbind(), self.named_children()):
            if name == "none":
                continue
            y = operation(x)
            total = weight * y if total is None else torch.addcmul(total, weight, y)
        return total


class TunedCell(Cell):
    make_edge = TunedMixedOperation

    def node(self, states, node, weights):
        total = None
        for x, edge, row in self.incoming(states, node, weights):
            total = edge.add_to(total, x, row)
        return total


class Supernet(nn.Module):
    """Images [N, C, H, W] and alpha (normal and reduction, [14, 8] each) -> logits."""

    def __init__(self, image_channels, channels, cells, classes, tuned):
        super().__init__()
        norm = partial(nn.BatchNorm2d, affine=False, track_running_stats=not tuned)
        make = TunedCell if tuned else Cell
        self.stem = Stem(image_channels, 3 * channels)
        self.cells = []
        for index, (inputs, width, reduction, previous_reduction) in enumerate(frames(channels, cells)):
            cell = make(inputs, width, reduction, previous_reduction, norm)
            self.add_module(f"cell{index}", cell)
            self.cells.append((cell, reduction))
        self.classifier = nn.Linear(4 * width, classes)

    def forward(self, images, normal, reduce):
        before = previous = self.stem(images)
        for cell, reduction in self.cells:
            weights = F.softmax(reduce if reduction else normal, dim=-1)
            before, previous = previous, cell(before, previous, weights)
        return self.classifier(F.adaptive_avg_pool2d(previous, 1).flatten(1))
