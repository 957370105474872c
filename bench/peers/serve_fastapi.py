"""An ONNX image classifier behind FastAPI, as a careful Python team would write it: the peer of `nas serve`.

    python serve_fastapi.py MODEL.onnx --port 0 --processes 1 --threads 0

One process holds one onnxruntime session. Endpoints are async; decoding, running and encoding happen in Starlette's
thread pool, so that the event loop stays free and requests run in parallel where the interpreter lets go of its lock
(onnxruntime, Pillow and numpy do). Nothing is slowed down on purpose: uvicorn runs on uvloop and httptools with the
access log off, JSON is read and written by orjson, answers are plain `Response`s that FastAPI neither validates nor
re-encodes. Requests are not batched: FastAPI has no such thing, and neither have wrappers of this kind.

    POST /json    Open Inference Protocol JSON {"inputs": [{name, shape, datatype, data}]} -> the same kind of answer
    POST /binary  raw little-endian float32 [1, C, H, W] -> raw float32 [1, classes]
    POST /image   a PNG or JPEG file -> {"labels": [{label, index, probability}]}, the five most probable
    GET  /health  200 once the model is loaded and warm

`--processes N` lets uvicorn run N such processes on one port. `--threads N` is onnxruntime's intra_op_num_threads (0:
onnxruntime's own choice, one a core). Prints {"port": ...} as one line of JSON when it listens.
"""

import argparse
import io
import json
import os
import socket
from contextlib import asynccontextmanager

import numpy as np
import onnxruntime
import orjson
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from PIL import Image
from starlette.concurrency import run_in_threadpool

TOP = 5


class Model:
    def __init__(self, path: str, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        model_input = self.session.get_inputs()[0]
        self.input = model_input.name
        self.shape = tuple(model_input.shape[1:])
        self.output = self.session.get_outputs()[0].name
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.labels = json.loads(metadata["nas.labels"])
        self.run(np.zeros((1, *self.shape), np.float32))

    def run(self, x: np.ndarray) -> np.ndarray:
        return self.session.run([self.output], {self.input: x})[0]

    def answer_json(self, body: bytes) -> bytes:
        tensor = orjson.loads(body)["inputs"][0]
        x = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        y = self.run(x)
        output = {"name": self.output, "datatype": "FP32", "shape": y.shape, "data": y.ravel()}
        return orjson.dumps({"outputs": [output]}, option=orjson.OPT_SERIALIZE_NUMPY)

    def answer_binary(self, body: bytes) -> bytes:
        return self.run(np.frombuffer(body, "<f4").reshape(-1, *self.shape)).tobytes()

    def answer_image(self, body: bytes) -> bytes:
        channels, height, width = self.shape
        image = Image.open(io.BytesIO(body)).convert("L" if channels == 1 else "RGB")
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        pixels = np.asarray(image, np.float32) / 255
        planes = pixels[None, None] if channels == 1 else pixels.transpose(2, 0, 1)[None]
        logits = self.run(np.ascontiguousarray(planes))[0]
        exponentials = np.exp(logits - logits.max())
        probabilities = exponentials / exponentials.sum()
        best = np.argsort(-probabilities)[:TOP]
        labels = [
            {"label": self.labels[i], "index": int(i), "probability": float(probabilities[i])} for i in best
        ]
        return orjson.dumps({"labels": labels})


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.model = Model(os.environ["MODEL"], int(os.environ["THREADS"]))
    yield


app = FastAPI(lifespan=lifespan)


async def answer(work, request: Request, media_type: str) -> Response:
    body = await request.body()
    try:
        content = await run_in_threadpool(work, body)
    except (ValueError, KeyError, OSError) as error:
        raise HTTPException(400, str(error)) from error
    return Response(content, media_type=media_type)


@app.post("/json")
async def infer_json(request: Request) -> Response:
    return await answer(request.app.state.model.answer_json, request, "application/json")


@app.post("/binary")
async def infer_binary(request: Request) -> Response:
    return await answer(request.app.state.model.answer_binary, request, "application/octet-stream")


@app.post("/image")
async def infer_image(request: Request) -> Response:
    return await answer(request.app.state.model.answer_image, request, "application/json")


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ready": True}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    os.environ |= {"MODEL": arguments.model, "THREADS": str(arguments.threads)}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", arguments.port))
        port = probe.getsockname()[1]
    print(json.dumps({"port": port}), flush=True)
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    uvicorn.run(
        "serve_fastapi:app",
        host="127.0.0.1",
        port=port,
        workers=arguments.processes,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
