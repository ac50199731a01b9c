"""A pool of processes gives results in order, and a process that is killed is one line."""

import multiprocessing
import os
import time

import pytest

from analysis.parallel import open_parallel_map
from rexnet_core.errors import InputError


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_items(processes):
    with open_parallel_map(processes) as parallel_map:
        assert list(parallel_map(str, range(5))) == ["0", "1", "2", "3", "4"]


def test_fewer_processes_than_one_are_refused():
    message = "number of processes must be 1 or more; got 0"
    with pytest.raises(InputError, match=message), open_parallel_map(0):
        pass


def test_a_killed_process_is_one_line():
    with pytest.raises(InputError, match="a worker process was killed"), open_parallel_map(2) as parallel_map:
        list(parallel_map(os._exit, [1]))


def test_who_stops_does_not_wait_for_a_task():
    """Each task left would take an hour; a stop between results, and an error of the caller, end them alike."""
    with pytest.raises(KeyboardInterrupt), open_parallel_map(2) as parallel_map:
        results = parallel_map(time.sleep, [0, 3600, 3600, 3600])
        next(results)
        raise KeyboardInterrupt
    assert not multiprocessing.active_children()
