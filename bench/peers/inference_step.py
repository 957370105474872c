"""The evaluation network in PyTorch, one batch a step, from the host and back: `python inference_step.py MODE`."""

import torch

import lines
import mode
from arrays import load, read_arrays
from network import Network


class Inference:
    def __init__(self, request):
        options, image = request["options"], request["image"]
        torch.set_num_threads(request["threads"])
        arrays = read_arrays(request["problem"])
        self.device = mode.device_of(request)
        sizes = (image["channels"], options["channels"], options["cells"], request["classes"])
        self.model = Network(*sizes, request["genotype"], auxiliary=False)
        load(self.model, arrays)
        self.model = self.model.to(self.device, memory_format=mode.LAYOUT).eval()
        self.forward = mode.compiled(self.model)
        self.batch = mode.Batch(arrays["trainImages"], arrays["trainLabels"], self.device)

    @torch.inference_mode()
    def step(self):
        images, _ = self.batch()
        with mode.autocast(self.device):
            logits = self.forward(images)
        # What the two sides are compared by.
        return logits.float().cpu().square().mean().item()


inference = None


def prepare(request):
    global inference
    inference = Inference(request)
    parameters = sum(weight.numel() for weight in inference.model.parameters())
    return {"parameters": parameters, "versions": lines.versions()}


lines.answer({"prepare": prepare, "step": lambda _: lines.timed(inference.step), "memory": lines.memory})
