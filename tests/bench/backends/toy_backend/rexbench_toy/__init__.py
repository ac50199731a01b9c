"""OpenVINO once more, as a backend of another distribution that uses the public interface alone."""

from __future__ import annotations

import numpy as np

from bench.backends import BackendInfo
from bench.records.measurement import Effective


class Toy:
    """One synchronous request."""

    def __init__(self, case, assets):
        self.case, self.assets = case, assets

    def load(self):
        import openvino  # noqa: PLC0415

        self.core = openvino.Core()

    def build(self):
        """Nothing: the model is a file."""

    def convert(self):
        self.model = self.core.read_model(self.assets / "toy.xml")

    def compile(self):
        config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self.case.threads, "NUM_STREAMS": 1}
        self.compiled = self.core.compile_model(self.model, "CPU", config)
        self.request = self.compiled.create_infer_request()

    def feed(self, images):
        self.inputs = [batch.copy() for batch in images]

    def runner(self, index):
        return lambda: self.infer(self.inputs[index])

    def infer(self, batch):
        return self.request.infer([batch])[0]

    def read(self, output):
        return np.array(output)

    def effective(self):
        threads = int(self.compiled.get_property("INFERENCE_NUM_THREADS"))
        return Effective(precision="fp32", threads=threads, streams=1, memory_format="runtime", device="cpu")


def open_export():
    import openvino  # noqa: PLC0415

    def export(module, examples, folder):
        [example] = examples
        model = openvino.convert_model(module, example_input=example, input=[tuple(example.shape)])
        openvino.save_model(model, folder / "toy.xml", compress_to_fp16=False)

    return export


INFO = BackendInfo(name="toy", library="rexbench-toy", colour="#5d3a9b", marker="P", export=open_export)
open_backend = Toy
