"""Times one evaluation of an ONNX file on the CPU, by onnxruntime or by PyTorch.

PyTorch runs the graph that onnx2torch makes of the same file. The inputs are those of the page's network:
images x [2, 3, S, S], times t [2] and condition [2, C]. Prints one line of JSON: the version, and
milliseconds of each evaluation after one that warms up.

usage: peers.py ort|torch MODEL.onnx THREADS EVALUATIONS
"""

import json
import sys
import time

import numpy as np


def onnxruntime(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    shapes = {given.name: given.shape for given in session.get_inputs()}
    feeds = inputs(shapes)
    return f"onnxruntime {onnxruntime.__version__}", lambda: session.run(None, feeds)


def torch(model, threads):
    import onnx
    import onnx2torch
    import torch

    torch.set_num_threads(threads)
    loaded = onnx.load(model)
    shapes = {
        given.name: [side.dim_value for side in given.type.tensor_type.shape.dim]
        for given in loaded.graph.input
    }
    network = onnx2torch.convert(loaded).eval()
    given = [torch.from_numpy(values) for values in inputs(shapes).values()]

    def evaluate():
        with torch.inference_mode():
            network(*given)

    return f"PyTorch {torch.__version__}", evaluate


def inputs(shapes):
    """Normal numbers for images and conditions, and a time within the walk."""
    draw = np.random.default_rng(7)

    def values(name, shape):
        if name == "t":
            return np.full(shape, 0.5, np.float32)
        return draw.standard_normal(shape).astype(np.float32)

    return {name: values(name, shape) for name, shape in shapes.items()}


def main():
    kind, model, threads, evaluations = sys.argv[1:]
    version, evaluate = {"ort": onnxruntime, "torch": torch}[kind](model, int(threads))
    evaluate()
    milliseconds = []
    for _ in range(int(evaluations)):
        began = time.perf_counter()
        evaluate()
        milliseconds.append(1e3 * (time.perf_counter() - began))
    print(json.dumps({"version": version, "milliseconds": milliseconds}))


main()
