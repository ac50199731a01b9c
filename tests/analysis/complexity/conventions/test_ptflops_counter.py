"""What ptflops sees and what it passes over; its totals are those of the tool in test_registries."""

from analysis.complexity.conventions import count_under


def test_a_function_is_booked_to_the_module_that_called_it(odd):
    calls = {(part.layer, part.operator) for part in count_under("ptflops", odd, 64).parts}
    of_the_network = ("relu", "add", "max_pool2d", "gelu", "adaptive_avg_pool2d", "softmax")
    assert ("act", "relu") in calls
    assert {call for call in calls if call[0] == ""} == {("", name) for name in of_the_network}


def test_operators_without_a_rule_are_listed(odd):
    assert set(count_under("ptflops", odd, 64).uncounted) == {"atan x1", "mul x1", "native_batch_norm x1"}
