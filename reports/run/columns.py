"""The columns of the tables of a run."""

from __future__ import annotations

from bench.statistics.knee import RULE
from reports.columns import bounds, flag, number, text, whole

IDENTITY = {
    "model": text("registered name"),
    "resolution": whole("side of the square input, in pixels", "px"),
    "batch": whole("images per call"),
    "backend": text("runtime that was asked for"),
    "precision": text("arithmetic precision that was asked for"),
    "memory_format": text("memory format that was asked for"),
    "threads": whole("threads given to the runtime"),
    "device": text("device that was asked for"),
    "scenario": text("latency: one call after the other; throughput: several requests in flight"),
    "streams": whole(
        "in the throughput scenario the streams, or instances that share the threads, that were asked for; "
        "0 leaves it to the runtime's hint"
    ),
}

CASES = {
    **{name: IDENTITY[name] for name in ("model", "resolution", "batch", "backend")},
    **{name: IDENTITY[name] for name in ("precision", "memory_format", "threads")},
    "status": text(
        "ok is compared; mismatch was measured but not as asked, or with wrong output; others were not measured"
    ),
    "reason": text("why the status is not ok"),
    "latency_s": number("time of one call: median over process rounds of the per-round medians", "s"),
    **bounds("latency_s", "latency_low_s", "s"),
    "throughput_per_s": number("images over time taken, median over rounds; slow calls count", "images/s"),
    **bounds("throughput_per_s", "throughput_low_per_s", "images/s"),
    "load_latency_s": number(
        "in the throughput scenario, which has no latency_s, time from the start of a request to its "
        "end: median over process rounds of the per-round medians",
        "s",
    ),
    **bounds("load_latency_s", "load_latency_low_s", "s"),
    "load_p95_s": number("95th percentile of these times; empty below 59 requests", "s"),
    "load_requests": whole("requests that were counted"),
    "speedup": number("time per image of eager over that of this case, paired by turn"),
    **bounds("speedup", "speedup_low"),
    "speedup_pairs": whole("turns that both took side by side"),
    "p90_s": number("90th percentile of the calls; empty below 29 samples", "s"),
    "p95_s": number("95th percentile of the calls; empty below 59 samples", "s"),
    "p99_s": number("99th percentile of the calls; empty below 299 samples", "s"),
    "samples": whole("timed calls; in the throughput scenario windows"),
    "rounds": whole("process rounds"),
    "stop_reason": text(
        "target: interval narrow enough; plateau: more samples no longer helped; "
        "rounds: their cap was reached; budget: time ran out"
    ),
    "interval_method": text(
        "bootstrap over rounds and samples, or Student's t for 3 to 5 rounds; of latency_s, in the "
        "throughput scenario of throughput_per_s"
    ),
    "interval_reason": text(
        "why there is no interval; in the throughput scenario of throughput_per_s, or under load of load_latency_s"
    ),
    "outliers": whole("calls beyond 3 interquartile ranges from the quartiles of their round; counted, not dropped"),
    "spread_between": number("standard deviation of the per-round medians over latency_s"),
    "spread_within": number("interquartile range over median within a round"),
    "parity_cosine": number("smallest cosine similarity of the logits with those of eager fp32"),
    "parity_relative_error": number("largest difference of a logit over the largest reference logit"),
    "parity_top1_agreement": number("share of inputs with the same top class"),
    "parity_inputs": whole("distinct inputs compared"),
    "parity_passed": flag("whether the output is close enough for the precision"),
    "peak_rss_bytes": whole("highest resident memory of the worker process, largest of the rounds", "B"),
    "base_rss_bytes": whole("resident memory after the imports, before the model, largest of the rounds", "B"),
    "effective_precision": text("arithmetic precision that the runtime reports"),
    "effective_threads": whole("threads that the runtime reports"),
    "effective_streams": whole("requests that the runtime executes at once"),
    "effective_memory_format": text("layout of the tensors, seen or reported; runtime where it chooses its own"),
    "effective_device": text("where the outputs were made"),
    "effective_jobs": whole("inferences in one sample: 1, or in a window as many as are in flight"),
    "steady": flag("whether warm-up ended because its windows agreed, in every round"),
    "interference": text(
        "undisturbed, disturbed, or not available where neighbours can't be seen; empty without a round"
    ),
    "interference_evidence": text("what else the machine did, by the rules in docs/method.md"),
    "disturbed_rounds": whole("disturbed rounds in the estimate; empty where that is not known"),
    "repeated_rounds": whole("disturbed rounds that are in no estimate, because undisturbed ones replace them"),
    "others_percent": number(
        "share of our cores' time that processes of others, and interrupts, used, worst round", "%"
    ),
    "cpu_pressure_percent": number(
        "share of time in which a task, our own included, waited for a core, worst round", "%"
    ),
    "steal_percent": number("share of core time given to other virtual machines, worst round", "%"),
    "throttled_periods": number("periods in which the control group ran out of quota, worst round"),
    "frequency_drop_percent": number(
        "by how much the fastest core's frequency fell while samples were taken, worst round", "%"
    ),
    "involuntary_switches": number("times the worker was taken off its core while samples were taken, worst round"),
    "notes": text("doubts about the data"),
    "device": IDENTITY["device"],
    "scenario": IDENTITY["scenario"],
    "streams": IDENTITY["streams"],
}

MODEL_PAIRS = {
    "model": text("model whose latency the ratio divides by"),
    "other": text("model that is compared with it"),
    "model_resolution": whole("side of the square input of the model", "px"),
    "other_resolution": whole("side of the square input of the other model", "px"),
    **{name: IDENTITY[name] for name in ("batch", "backend", "precision", "memory_format", "threads", "device")},
    "ratio": number("latency of the other model over that of the model, paired by turn; above 1 the model is faster"),
    **bounds("ratio", "ratio_low"),
    "ratio_pairs": whole("turns that both took side by side"),
    "reason": text("why there is no ratio or no interval"),
    **{
        f"{who}_{name}": CASES[name]._replace(meaning=f"of the {who}: {CASES[name].meaning}")
        for who in ("model", "other")
        for name in ("latency_s", "latency_low_s", "latency_high_s")
    },
    "paper_model_latency_s": number(
        "latency of the model that the ReXNet paper printed for this batch size, elsewhere", "s"
    ),
    "paper_other_latency_s": number("latency of the other model that the paper printed", "s"),
    "paper_ratio": number("printed latency of the other model over that of the model, each at its own input side"),
    "paper_ratio_low": number("least ratio of latencies that are printed so"),
    "paper_ratio_high": number("largest ratio of latencies that are printed so"),
    "paper_in_interval": flag("whether a ratio of latencies that are printed so lies in the 95 % interval of ratio"),
    "paper_condition": text("what the paper measured on, and its batch size"),
}

PHASES = {
    **IDENTITY,
    "status": CASES["status"],
    "compile_cache": text("cold, cached, or empty where nothing is compiled"),
    "rounds": whole("process rounds with this state of the cache"),
    "import_s": number("importing the runtime, median over these rounds", "s"),
    "build_s": number("building the model and loading its weights", "s"),
    "convert_s": number("converting the model for the runtime", "s"),
    "compile_s": number("compiling it; for torch.compile with its first call", "s"),
    "first_inference_s": number("the first call", "s"),
    "warm_up_s": number("calls until the times agreed", "s"),
    "one_off_s": number("build, convert, compile and first inference together", "s"),
    "extra_s": number("one_off_s beyond that of eager", "s"),
    "saved_per_image_s": number("time saved per image against eager", "s/image"),
    "break_even_images": number("images after which extra_s is paid back; inf: never", "images"),
    "break_even_reason": text("what to know about break_even_images"),
}

ROUNDS = {
    **IDENTITY,
    "round": whole("process round, from 0; those that were replaced come last"),
    "replaced": flag("whether it was disturbed and an undisturbed round replaces it; it is in no estimate"),
    "disturbed": text("why it counts as disturbed; empty where it does not"),
    "compile_cache": PHASES["compile_cache"],
    "import_s": number("importing the runtime", "s"),
    **{name: PHASES[name] for name in ("build_s", "convert_s", "compile_s", "first_inference_s", "warm_up_s")},
    "warmup_calls": whole("calls before the first sample"),
    "steady": flag("whether warm-up ended because its windows agreed"),
    "peak_rss_bytes": whole("highest resident memory of the worker process", "B"),
    "base_rss_bytes": whole("resident memory after the imports, before the model", "B"),
    "others_percent": number("share of our cores' time that processes of others, and interrupts, used", "%"),
    "cpu_pressure_percent": number("share of time in which a task waited for a core", "%"),
    "steal_percent": number("share of core time given to other virtual machines", "%"),
    "throttled_periods": number("periods in which the control group ran out of quota"),
    "frequency_drop_percent": number("by how much the fastest core's frequency fell while samples were taken", "%"),
    "load_latency_s": number("in the throughput scenario, median time from the start of a request to its end", "s"),
    "load_p95_s": number("95th percentile of these times; empty below 59 requests", "s"),
    "involuntary_switches": number("times the worker was taken off its core"),
    "load_1m": number("load average over the last minute"),
}

KNEES = {
    **{name: IDENTITY[name] for name in ("model", "resolution", "backend", "precision", "memory_format", "threads")},
    **{name: IDENTITY[name] for name in ("device", "scenario")},
    "over": text("what grows: batch in the latency scenario, streams in the throughput scenario"),
    "at_batch": whole("batch size that the streams have in common; empty where batch grows"),
    "sizes": text("sizes that were measured and are comparable"),
    "knee": whole(RULE),
    "knee_throughput_per_s": number("throughput at the knee", "images/s"),
    "knee_latency_s": number("time of one call at the knee; over streams, latency under load", "s"),
    "best": whole("size of the highest throughput"),
    "best_throughput_per_s": number("the highest throughput", "images/s"),
    "best_latency_s": number("the latency there", "s"),
    "share": number("throughput at the knee over the highest"),
    "reason": text("why there is no knee, or what to know about it"),
}

COSTS = {
    "model": IDENTITY["model"],
    "resolution": IDENTITY["resolution"],
    "params": whole("parameters"),
    "params_folded": whole("parameters with batch norm folded into the convolutions"),
    "macs": whole("multiply-adds of convolutions and linear layers for one image"),
    "activations": whole("output elements of convolutions and linear layers for one image"),
}

LAYERS = {
    "model": IDENTITY["model"],
    "resolution": IDENTITY["resolution"],
    "index": whole("position along the depth, from 0"),
    "layer": text("name of the layer"),
    "kind": text("what it is"),
    "params": whole("parameters"),
    "macs": whole("multiply-adds for one image"),
    "out_shape": text("shape of its output"),
}

SAMPLES = {
    **IDENTITY,
    "round": whole("process round, from 0"),
    "turn": whole("turn within the round, from 0; the same turn of other backends was taken at the same time"),
    "sample": whole("call or window within the turn, from 0"),
    "time_s": number("time of the call, or of a window in which effective_jobs requests were completed", "s"),
}

#: File name, without ``.csv``, to its columns in order.
TABLES = {
    "cases": CASES,
    "model_pairs": MODEL_PAIRS,
    "knees": KNEES,
    "phases": PHASES,
    "rounds": ROUNDS,
    "costs": COSTS,
    "layers": LAYERS,
    "samples": SAMPLES,
}
