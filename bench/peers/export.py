"""Exports the evaluation network with given weights by torch.onnx (dynamo): `python export.py`.

Normalisation is inside the file, as a batch normalisation, like in the file of `nas export`.
"""

import logging
import warnings

import torch
from torch import nn

import lines
from arrays import load, read_arrays
from network import Network


# The lowest that the exporter writes; it fails to convert to 17, which `nas export` writes.
OPSET = 18

# The exporter's remarks on packages that it does without.
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")


class Deployed(nn.Module):
    def __init__(self, network, mean, std):
        super().__init__()
        self.normalization = nn.BatchNorm2d(len(mean), eps=0, affine=False)
        self.normalization.running_mean.copy_(torch.tensor(mean))
        self.normalization.running_var.copy_(torch.tensor(std) ** 2)
        self.network = network

    def forward(self, image):
        return self.network(self.normalization(image))


def export(request):
    options, image = request["options"], request["image"]
    sizes = (image["channels"], options["channels"], options["cells"], request["classes"])
    network = Network(*sizes, request["genotype"], auxiliary=False)
    load(network, read_arrays(request["problem"]))
    model = Deployed(network, **request["normalization"]).eval()
    example = torch.rand(2, image["channels"], image["height"], image["width"])
    program = torch.onnx.export(
        model,
        (example,),
        dynamo=True,
        opset_version=OPSET,
        dynamic_shapes={"image": {0: torch.export.Dim("N")}},
        input_names=["image"],
        output_names=["logits"],
        verbose=False,
    )
    program.save(request["file"], external_data=False)
    return {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "opset": program.model.opset_imports[""],
        "versions": lines.versions("onnx", "onnxscript"),
    }


lines.answer({"export": export})
