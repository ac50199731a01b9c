"""Recipes: every value is published or changed by the caller, and the learning rate follows the batch."""

import math

import pytest

from analysis.training import read_recipe, recipe_names
from analysis.training.recipe import summarise
from analysis.training.schedule import Schedule
from rexnet_core.errors import InputError, UnknownNameError


def test_the_recipe_of_the_paper_has_its_values():
    recipe = read_recipe("paper")
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.momentum) == (400, 512, 0.5, 0.9)
    assert (recipe.schedule, recipe.warmup_epochs, recipe.label_smoothing) == ("cosine", 5, 0.1)
    assert (recipe.weight_decay, recipe.decay_norms, recipe.dropout, recipe.drop_path) == (1e-5, False, 0.2, 0)
    assert (recipe.augmentation, recipe.magnitude, recipe.erasing) == ("randaugment", 9, 0.2)


@pytest.mark.parametrize("name", recipe_names())
def test_each_recipe_is_whole_and_says_where_it_is_from(name):
    assert read_recipe(name).source
    assert summarise(name)


def test_the_rate_grows_with_the_batch_unless_it_is_given():
    assert read_recipe("paper", {"batch_size": 64}).learning_rate == pytest.approx(0.5 / 8)
    assert read_recipe("paper", {"batch_size": 64, "learning_rate": 0.2}).learning_rate == 0.2


def test_a_short_trial_of_a_long_recipe_has_a_short_warm_up():
    assert read_recipe("paper", {"epochs": 2}).warmup_epochs == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "--epochs must be a whole number from 1"),
        ({"epochs": 3, "warmup_epochs": 3}, r"--warmup-epochs must be fewer than --epochs \(3\), got 3"),
        ({"batch_size": 1}, "--batch-size must be a whole number from 2"),
        ({"learning_rate": math.nan}, "--learning-rate must lie from 1e-08 to 100; got nan"),
        ({"label_smoothing": 1.0}, "--label-smoothing must lie from"),
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean 'sgd'"),
        ({"augmentation": "mixup"}, "unknown augmentation 'mixup'"),
        ({"augmentation": "none", "erasing": 0.2}, "--erasing has no effect with --augmentation none"),
        ({"augmentation": "none", "crop_share": 0.2}, "--crop-share has no effect with --augmentation none"),
        ({"magnitude": 5.0}, "--magnitude has no effect with --augmentation crop"),
        ({"optimizer": "adamw", "learning_rate": 1e-3, "momentum": 0.5}, "--momentum has no effect with"),
        ({"optimizer": "adamw"}, "needs a rate of its own, the recipe's is that of sgd; give --learning-rate"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        read_recipe("small", changes)


def test_an_unknown_recipe_is_refused():
    with pytest.raises(UnknownNameError, match="unknown recipe 'papers'; did you mean 'paper'"):
        read_recipe("papers")


def make(images=100, processes=1, passes=1, **changes):
    recipe = read_recipe("small", {"epochs": 9, "batch_size": 8, "learning_rate": 1.0, **changes})
    return Schedule(recipe=recipe, images=images, processes=processes, passes=passes)


def test_the_rate_rises_and_then_falls_along_half_a_cosine():
    plan = make(warmup_epochs=1.0)
    assert plan.steps_per_epoch == 12
    rates = [plan.rate(step) for step in range(plan.steps)]
    assert rates[:2] == pytest.approx([1 / 13, 2 / 13])
    assert rates[12] == 1
    assert rates[12 + 48] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001


def test_the_step_schedule_divides_the_rate_by_ten_twice():
    plan = make(schedule="step", warmup_epochs=0.0)
    assert [plan.rate(epoch * 12) for epoch in range(9)] == pytest.approx([1] * 3 + [0.1] * 3 + [0.01] * 3)


def test_each_epoch_has_its_own_order_and_each_picture_once():
    plan = make()
    first, second = plan.order(0), plan.order(1)
    assert len(first) == len(set(first)) == 96
    assert first != second
    assert plan.order(0) == first


@pytest.mark.parametrize(("processes", "passes"), [(1, 1), (1, 4), (2, 1), (2, 2), (4, 1)])
def test_processes_and_passes_share_the_same_batch(processes, passes):
    plan = make(processes=processes, passes=passes)
    order = plan.order(3)
    shares = [plan.share(order, 40, rank) for rank in range(processes)]
    assert {len(one) for share in shares for one in share} == {8 // processes // passes}
    assert sorted(i for share in shares for one in share for i in one) == sorted(order[4 * 8 : 5 * 8])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"passes": 3}, r"--batch-size must be a multiple of processes times --accumulate \(1 x 3\)"),
        ({"passes": 8}, "with 2 pictures or more in each pass, got 8"),
        ({"images": 7}, r"must not be larger than the training set \(7 pictures\), got 8"),
    ],
)
def test_a_batch_that_can_not_be_shared_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        make(**options)
