import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.accuracy.folder import LabelledImage
from analysis.accuracy.hits import Hits, count_hits, ranks_of
from rexnet_core.errors import InputError


class Told(torch.nn.Module):
    """Gives the pixels back as logits."""

    def forward(self, x):
        return x[:, 0, 0]


def images(logits, labels):
    return [LabelledImage(Path(str(number)), label) for number, label in enumerate(labels)], lambda one: np.asarray(
        logits[int(one.path.name)], np.float32
    )[None, None].repeat(3, 0)


def final(found, load, **options):
    *_, last = count_hits(Told(), found, load, **{"batch_size": 4, "threads": 2, **options})
    return last


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_hits_are_those_of_sorted_logits(batch_size):
    random = np.random.default_rng(0)
    logits, labels = random.standard_normal((50, 9)), random.integers(0, 9, 50)
    order = np.argsort(-logits, axis=1)
    top1 = sum(label == row[0] for label, row in zip(labels, order, strict=True))
    top5 = sum(label in row[:5] for label, row in zip(labels, order, strict=True))
    hits = final(*images(logits, labels.tolist()), batch_size=batch_size)
    assert hits == Hits(images=50, top1=top1, top5=top5)


def test_a_network_that_says_the_same_of_all_classes_is_no_good():
    ranks = ranks_of(torch.zeros(10, 10), torch.arange(10))
    assert ranks.tolist() == list(range(10))


def test_outputs_that_are_not_finite_are_refused():
    logits = np.zeros((3, 4))
    logits[1, 2] = np.nan
    with pytest.raises(InputError, match="outputs must be finite, those for 1 are not"):
        final(*images(logits, [0, 1, 2]))


def test_a_damaged_image_ends_it_or_is_passed_over():
    found, load = images(np.eye(6), range(6))

    def some(image):
        if image.label in {0, 4, 5}:
            raise InputError(f"{image.path} is damaged")
        return load(image)

    with pytest.raises(InputError, match="0 is damaged"):
        final(found, some)
    assert final(found, some, skip_unreadable=True, batch_size=2) == Hits(
        images=3, top1=3, top5=3, unreadable=("0", "4", "5")
    )


def test_no_more_than_two_batches_are_asked_for_at_a_time():
    found, load = images(np.eye(40), range(40))
    asked, lock = [], threading.Lock()

    def counted(image):
        with lock:
            asked.append(image)
        return load(image)

    for done, _ in enumerate(count_hits(Told(), found, counted, batch_size=4, threads=2), start=1):
        assert len(asked) <= 4 * (done + 1)
    assert len(asked) == 40


def test_who_stops_early_leaves_no_thread_and_no_setting():
    found, load = images(np.eye(40), range(40))
    threads, torch_threads = threading.active_count(), torch.get_num_threads()
    counting = count_hits(Told(), found, load, batch_size=2, threads=3)
    next(counting)
    counting.close()
    assert threading.active_count() == threads
    assert torch.get_num_threads() == torch_threads
