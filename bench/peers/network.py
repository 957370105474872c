"""The evaluation network of a genotype, with drop-path and the auxiliary head."""

import torch
from torch import nn
from torch.nn import functional as F

from operations import OPERATIONS, Stem, frames, preprocessing


class Cell(nn.Module):
    """`nodes`: for each node its edges, (operation, input) each; `sites` numbers the places of drop-path."""

    def __init__(self, inputs, channels, reduction, previous_reduction, nodes, concat, sites):
        super().__init__()
        norm = nn.BatchNorm2d
        self.preprocess0, self.preprocess1 = preprocessing(inputs, channels, previous_reduction, norm)
        self.concat = concat
        self.nodes = []
        for node, edges in enumerate(nodes, 2):
            terms = nn.Module()
            self.add_module(f"node{node}", terms)
            self.nodes.append([])
            for i, (name, source) in enumerate(edges):
                stride = 2 if reduction and source < 2 else 1
                operation = OPERATIONS[name](channels, stride, norm)
                terms.add_module(f"{i}_{name}", operation)
                site = None if isinstance(operation, nn.Identity) else next(sites)
                self.nodes[-1].append((operation, source, site))

    def forward(self, before, previous, drop):
        states = [self.preprocess0(before), self.preprocess1(previous)]
        for terms in self.nodes:
            values = [self.term(states[source], operation, site, drop) for operation, source, site in terms]
            total = values[0]
            for value in values[1:]:
                total = total + value
            states.append(total)
        return torch.cat([states[i] for i in self.concat], 1)

    @staticmethod
    def term(x, operation, site, drop):
        y = operation(x)
        return y if site is None or drop is None else drop(y, site)


class Conv(nn.Module):
    """Convolution without padding, batch norm, ReLU."""

    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.filter = nn.Conv2d(inputs, outputs, kernel, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.filter(x)))


class AuxiliaryHead(nn.Module):
    """For images of 8x8."""

    def __init__(self, inputs, classes):
        super().__init__()
        self.first = Conv(inputs, 128, 1)
        self.second = Conv(128, 768, 2)
        self.classifier = nn.Linear(768, classes)

    def forward(self, x):
        x = F.avg_pool2d(F.relu(x), 5, stride=3, count_include_pad=False)
        return self.classifier(self.second(self.first(x)).flatten(1))


class Network(nn.Module):
    """Images [N, C, H, W] -> logits, and the auxiliary head's while training."""

    def __init__(self, image_channels, channels, cells, classes, genotype, auxiliary):
        super().__init__()
        self.stem = Stem(image_channels, 3 * channels)
        self.cells = []
        self.branch = 2 * cells // 3
        sites = iter(range(10**6))
        for index, (inputs, width, reduction, previous_reduction) in enumerate(frames(channels, cells)):
            kind = genotype["reduce" if reduction else "normal"]
            cell = Cell(
                inputs, width, reduction, previous_reduction, kind["nodes"], kind["concat"], sites
            )
            self.add_module(f"cell{index}", cell)
            self.cells.append(cell)
            if index == self.branch and auxiliary:
                self.auxiliary = AuxiliaryHead(4 * width, classes)
        self.classifier = nn.Linear(4 * width, classes)

    def forward(self, images, drop=None):
        side = None
        before = previous = self.stem(images)
        for index, cell in enumerate(self.cells):
            before, previous = previous, cell(before, previous, drop)
            if index == self.branch and self.training:
                side = self.auxiliary(previous)
        logits = self.classifier(F.adaptive_avg_pool2d(previous, 1).flatten(1))
        return logits if side is None else (logits, side)
