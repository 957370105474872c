"""DARTS's candidate operations (Liu, Simonyan & Yang 2019, section 3.1.1), as the canonical implementation has them.

`norm` makes the batch norm of a number of channels: without affine transform in the search, with it in evaluation.
"""

import torch
from torch import nn
from torch.nn import functional as F


class ReluConvNorm(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.filter = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = norm(outputs)

    def forward(self, x):
        return self.norm(self.filter(F.relu(x)))


class DepthwiseSeparable(nn.Module):
    """ReLU, depthwise, pointwise, batch norm; padding symmetric at every stride."""

    def __init__(self, channels, kernel, stride, dilation, norm):
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False
        )
        self.filter = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = norm(channels)

    def forward(self, x):
        return self.norm(self.filter(self.depthwise(F.relu(x))))


class SeparableTwice(nn.Module):
    def __init__(self, channels, kernel, stride, norm):
        super().__init__()
        self.first = DepthwiseSeparable(channels, kernel, stride, 1, norm)
        self.second = DepthwiseSeparable(channels, kernel, 1, 1, norm)

    def forward(self, x):
        return self.second(self.first(x))


class Filter(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.filter = nn.Conv2d(inputs, outputs, 1, stride=2, bias=False)

    def forward(self, x):
        return self.filter(x)


class FactorizedReduce(nn.Module):
    """ReLU, two 1x1 stride-2 convolutions, the second shifted by a pixel, concatenated; batch norm."""

    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.even = Filter(inputs, outputs // 2)
        self.odd = Filter(inputs, outputs - outputs // 2)
        self.norm = norm(outputs)

    def forward(self, x):
        x = F.relu(x)
        # An odd size is padded by one for the shift; the canonical code fails there.
        padding = (0, x.shape[3] % 2, 0, x.shape[2] % 2)
        shifted = (F.pad(x, padding) if any(padding) else x)[:, :, 1:, 1:]
        return self.norm(torch.cat([self.even(x), self.odd(shifted)], 1))


class Zero(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        return x.mul(0.0) if self.stride == 1 else x[:, :, :: self.stride, :: self.stride].mul(0.0)


def max_pool(stride):
    return nn.MaxPool2d(3, stride, padding=1)


def average_pool(stride):
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


# (channels, stride, norm) -> module, in the order of alpha's columns. Pools are bare: the search adds a norm.
OPERATIONS = {
    "none": lambda channels, stride, norm: Zero(stride),
    "max_pool_3x3": lambda channels, stride, norm: max_pool(stride),
    "avg_pool_3x3": lambda channels, stride, norm: average_pool(stride),
    "skip_connect": lambda channels, stride, norm: (
        nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, norm)
    ),
    "sep_conv_3x3": lambda channels, stride, norm: SeparableTwice(channels, 3, stride, norm),
    "sep_conv_5x5": lambda channels, stride, norm: SeparableTwice(channels, 5, stride, norm),
    "dil_conv_3x3": lambda channels, stride, norm: DepthwiseSeparable(channels, 3, stride, 2, norm),
    "dil_conv_5x5": lambda channels, stride, norm: DepthwiseSeparable(channels, 5, stride, 2, norm),
}


class Stem(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.filter = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.filter(x))


def preprocessing(inputs, channels, previous_reduction, norm):
    """What brings the outputs of the two cells before to a cell's channels and size."""
    first = FactorizedReduce if previous_reduction else ReluConvNorm
    return first(inputs[0], channels, norm), ReluConvNorm(inputs[1], channels, norm)


def frames(channels, cells, multiplier=4, stem=3):
    """For each cell: the channels of its two inputs, its own, whether it and the one before reduce."""
    before = previous = stem * channels
    previous_reduction = False
    for index in range(cells):
        reduction = index in (cells // 3, 2 * cells // 3)
        channels *= 2 if reduction else 1
        yield (before, previous), channels, reduction, previous_reduction
        before, previous, previous_reduction = previous, multiplier * channels, reduction
