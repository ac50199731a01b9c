"""Configuration files: near to right, of any shape, of any bytes."""

from mutations import edit, make_value

from bench.options import read_store
from bench.planning.config import load_config
from bench.planning.plan import Selection, expand

_GOOD = b"""preset = "mine"
store = "sqlite:///results/mine.db"
[presets.mine]
summary = "what we ship"
models = ["rexnet_1.0", "rexnet_1.3"]
backends = ["eager", "openvino"]
batch-sizes = [1, 8]
resolutions = [224, "native"]
precisions = ["fp32"]
scenarios = ["latency"]
rivals = [["rexnet_1.0", "rexnet_1.3"]]
threads = 2
budget = "90s"
rounds = 5
target = 0.02
"""
_KEYS = [line.split(" = ")[0] for line in _GOOD.decode().splitlines()]


def _write(value):
    """A value as TOML, near enough."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_write, value))}]"
    return repr(value)


def _make(chance):
    if chance.random() < 0.5:
        return edit(chance, _GOOD)
    lines = [f"{chance.choice(_KEYS)} = {_write(make_value(chance))}" for _ in range(chance.randrange(1, 6))]
    lines.insert(chance.randrange(3), "[presets.mine]")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def test_any_configuration_is_refused_in_one_line_or_read(fuzz, tmp_path):
    def attempt(content):
        path = tmp_path / "rexbench.toml"
        path.write_bytes(content)
        config = load_config(str(path))
        read_store("x", config)
        if config.preset:
            expand(Selection(preset=config.preset, presets=config.presets))
        return "read"

    fuzz("configurations", _make, attempt)
