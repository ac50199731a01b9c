"""What every column of every table means, and its unit; the CSV manifest and the page are written from it."""

from __future__ import annotations

from bench.statistics.knee import RULE

#: Changes when a column goes, or changes its meaning or unit; a new column does not change it.
FORMAT_VERSION = 1

IDENTITY = {
    "model": "registered name",
    "resolution": "side of the square input, in pixels",
    "batch": "images per call",
    "backend": "runtime that was asked for",
    "precision": "arithmetic precision that was asked for",
    "memory_format": "memory format that was asked for",
    "threads": "threads given to the runtime",
    "device": "device that was asked for",
    "scenario": "latency: one call after the other; throughput: several requests in flight",
    "streams": "in the throughput scenario the streams, or instances that share the threads, that were asked for; "
    "0 leaves it to the runtime's hint",
}

CASES = {
    **{name: IDENTITY[name] for name in ("model", "resolution", "batch", "backend")},
    **{name: IDENTITY[name] for name in ("precision", "memory_format", "threads")},
    "status": "ok is compared; mismatch was measured but not as asked, or with wrong output; others were not measured",
    "reason": "why the status is not ok",
    "latency_s": "time of one call: median over process rounds of the per-round medians",
    "latency_low_s": "lower bound of the 95 % interval of latency_s",
    "latency_high_s": "upper bound of the 95 % interval of latency_s",
    "throughput_per_s": "images over time taken, median over rounds; slow calls count",
    "throughput_low_per_s": "lower bound of the 95 % interval of throughput_per_s",
    "throughput_high_per_s": "upper bound of the 95 % interval of throughput_per_s",
    "load_latency_s": "in the throughput scenario, which has no latency_s, time from the start of a request to its "
    "end: median over process rounds of the per-round medians",
    "load_latency_low_s": "lower bound of the 95 % interval of load_latency_s",
    "load_latency_high_s": "upper bound of the 95 % interval of load_latency_s",
    "load_p95_s": "95th percentile of these times; empty below 59 requests",
    "load_requests": "requests that were counted",
    "speedup": "time per image of eager over that of this case, paired by turn",
    "speedup_low": "lower bound of the 95 % interval of speedup",
    "speedup_high": "upper bound of the 95 % interval of speedup",
    "speedup_pairs": "turns that both took side by side",
    "p90_s": "90th percentile of the calls; empty below 29 samples",
    "p95_s": "95th percentile of the calls; empty below 59 samples",
    "p99_s": "99th percentile of the calls; empty below 299 samples",
    "samples": "timed calls; in the throughput scenario windows",
    "rounds": "process rounds",
    "stop_reason": "target: interval narrow enough; plateau: more samples no longer helped; "
    "rounds: their cap was reached; budget: time ran out",
    "interval_method": "bootstrap over rounds and samples, or Student's t for 3 to 5 rounds; of latency_s, in the "
    "throughput scenario of throughput_per_s",
    "interval_reason": "why there is no interval; in the throughput scenario of throughput_per_s, or under load of "
    "load_latency_s",
    "outliers": "calls beyond 3 interquartile ranges from the quartiles of their round; counted, not dropped",
    "spread_between": "standard deviation of the per-round medians over latency_s",
    "spread_within": "interquartile range over median within a round",
    "parity_cosine": "smallest cosine similarity of the logits with those of eager fp32",
    "parity_relative_error": "largest difference of a logit over the largest reference logit",
    "parity_top1_agreement": "share of inputs with the same top class",
    "parity_inputs": "distinct inputs compared",
    "parity_passed": "whether the output is close enough for the precision",
    "peak_rss_bytes": "highest resident memory of the worker process, largest of the rounds",
    "base_rss_bytes": "resident memory after the imports, before the model, largest of the rounds",
    "effective_precision": "arithmetic precision that the runtime reports",
    "effective_threads": "threads that the runtime reports",
    "effective_streams": "requests that the runtime executes at once",
    "effective_memory_format": "layout of the tensors seen or told; runtime where it chooses its own",
    "effective_device": "where the outputs were made",
    "effective_jobs": "inferences in one sample: 1, or in a window as many as are in flight",
    "steady": "whether warm-up ended because its windows agreed, in every round",
    "interference": "undisturbed, disturbed, or not available where neighbours can't be seen; empty without a round",
    "interference_evidence": "what else the machine did, by the rules in docs/method.md",
    "disturbed_rounds": "disturbed rounds in the estimate; empty where that is not known",
    "repeated_rounds": "disturbed rounds that are in no estimate, because undisturbed repetitions replace them",
    "others_percent": "share of our cores' time that processes of others, and interrupts, used, worst round",
    "cpu_pressure_percent": "share of time in which a task, our own included, waited for a core, worst round",
    "steal_percent": "share of core time given to other virtual machines, worst round",
    "throttled_periods": "periods in which the control group ran out of quota, worst round",
    "frequency_drop_percent": "by how much the fastest core's frequency fell while samples were taken, worst round",
    "involuntary_switches": "times the worker was taken off its core while samples were taken, worst round",
    "notes": "doubts about the data",
    "device": IDENTITY["device"],
    "scenario": IDENTITY["scenario"],
    "streams": IDENTITY["streams"],
}

RIVALS = {
    "model": "model that its rival is divided by",
    "rival": "model that is compared with it",
    "model_resolution": "side of the square input of the model",
    "rival_resolution": "side of the square input of the rival",
    **{name: IDENTITY[name] for name in ("batch", "backend", "precision", "memory_format", "threads", "device")},
    "ratio": "latency of the rival over that of the model, paired by turn; above 1 the model is faster",
    "ratio_low": "lower bound of the 95 % interval of ratio",
    "ratio_high": "upper bound of the 95 % interval of ratio",
    "ratio_pairs": "turns that both took side by side",
    "reason": "why there is no ratio or no interval",
    **{
        f"{who}_{name}": f"of the {who}: {CASES[name]}"
        for who in ("model", "rival")
        for name in ("latency_s", "latency_low_s", "latency_high_s")
    },
    "paper_model_latency_s": "latency of the model that the ReXNet paper printed for this batch size, elsewhere",
    "paper_rival_latency_s": "the same of the rival",
    "paper_ratio": "printed latency of the rival over that of the model, each at its own input side",
    "paper_ratio_low": "least ratio of latencies that are printed so",
    "paper_ratio_high": "largest ratio of latencies that are printed so",
    "paper_in_interval": "whether a ratio of latencies that are printed so lies in the 95 % interval of ratio",
    "paper_condition": "what the paper measured on, and its batch size",
}

PHASES = {
    **IDENTITY,
    "status": CASES["status"],
    "compile_cache": "cold, cached, or empty where nothing is compiled",
    "rounds": "process rounds with this state of the cache",
    "import_s": "importing the runtime, median over these rounds",
    "build_s": "building the model and loading its weights",
    "convert_s": "converting the model for the runtime",
    "compile_s": "compiling it; for torch.compile with its first call",
    "first_inference_s": "the first call",
    "warm_up_s": "calls until the times agreed",
    "one_off_s": "build, convert, compile and first inference together",
    "extra_s": "one_off_s beyond that of eager",
    "saved_per_image_s": "time saved per image against eager",
    "break_even_images": "images after which extra_s is paid back; inf: never",
    "break_even_reason": "what to know about break_even_images",
}

ROUNDS = {
    **IDENTITY,
    "round": "process round, from 0; those that were replaced come last",
    "replaced": "whether it was disturbed and an undisturbed repetition replaces it; it is in no estimate",
    "disturbed": "why it counts as disturbed; empty where it does not",
    "compile_cache": PHASES["compile_cache"],
    "import_s": "importing the runtime",
    **{name: PHASES[name] for name in ("build_s", "convert_s", "compile_s", "first_inference_s", "warm_up_s")},
    "warmup_calls": "calls before the first sample",
    "steady": "whether warm-up ended because its windows agreed",
    "peak_rss_bytes": "highest resident memory of the worker process",
    "base_rss_bytes": "resident memory after the imports, before the model",
    "others_percent": "share of our cores' time that processes of others, and interrupts, used",
    "cpu_pressure_percent": "share of time in which a task waited for a core",
    "steal_percent": "share of core time given to other virtual machines",
    "throttled_periods": "periods in which the control group ran out of quota",
    "frequency_drop_percent": "by how much the fastest core's frequency fell while samples were taken",
    "load_latency_s": "in the throughput scenario, median time from the start of a request to its end",
    "load_p95_s": "95th percentile of these times; empty below 59 requests",
    "involuntary_switches": "times the worker was taken off its core",
    "load_1m": "load average over the last minute",
}

KNEES = {
    **{name: IDENTITY[name] for name in ("model", "resolution", "backend", "precision", "memory_format", "threads")},
    **{name: IDENTITY[name] for name in ("device", "scenario")},
    "over": "what grows: batch in the latency scenario, streams in the throughput scenario",
    "at_batch": "batch size that the streams have in common; empty where batch grows",
    "sizes": "sizes that were measured and are comparable",
    "knee": RULE,
    "knee_throughput_per_s": "throughput at the knee",
    "knee_latency_s": "time of one call at the knee; over streams, latency under load",
    "best": "size of the highest throughput",
    "best_throughput_per_s": "the highest throughput",
    "best_latency_s": "the latency there",
    "share": "throughput at the knee over the highest",
    "reason": "why there is no knee, or what to know about it",
}

COSTS = {
    "model": IDENTITY["model"],
    "resolution": IDENTITY["resolution"],
    "params": "parameters",
    "params_folded": "parameters with batch norm folded into the convolutions",
    "macs": "multiply-adds of convolutions and linear layers for one image",
    "activations": "output elements of convolutions and linear layers for one image",
}

LAYERS = {
    "model": IDENTITY["model"],
    "resolution": IDENTITY["resolution"],
    "index": "position along the depth, from 0",
    "layer": "name of the layer",
    "kind": "what it is",
    "params": "parameters",
    "macs": "multiply-adds for one image",
    "out_shape": "shape of its output",
}

SAMPLES = {
    **IDENTITY,
    "round": "process round, from 0",
    "turn": "turn within the round, from 0; the same turn of other backends was taken at the same time",
    "sample": "call or window within the turn, from 0",
    "time_s": "time of the call, or of a window in which effective_jobs requests were completed",
}

#: File name, without ``.csv``, to its columns in order.
TABLES = {
    "cases": CASES,
    "rivals": RIVALS,
    "knees": KNEES,
    "phases": PHASES,
    "rounds": ROUNDS,
    "costs": COSTS,
    "layers": LAYERS,
    "samples": SAMPLES,
}

_UNITS = {"_per_s": "images/s", "_s": "s", "_bytes": "B", "_percent": "%", "_images": "images", "resolution": "px"}


def unit_of(column: str) -> str:
    """The unit of a column from the end of its name, empty where it has none."""
    if column == "saved_per_image_s":
        return "s/image"
    return next((unit for ending, unit in _UNITS.items() if column.endswith(ending)), "")
