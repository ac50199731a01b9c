import json

import pytest

from analysis.complexity.conventions import cache as module
from analysis.complexity.conventions.cache import CountCache
from rexnet_core.errors import InputError

KEY = ("macs", "rexnet_1.0", 64)


@pytest.fixture
def made(monkeypatch):
    """The counts that were made, not read."""
    asked = []
    plain = module.count_under

    def watched(*key):
        asked.append(key)
        return plain(*key)

    monkeypatch.setattr(module, "count_under", watched)
    return asked


def test_a_count_is_made_once(made):
    cache = CountCache()
    assert not cache.knows(*KEY)
    assert cache.count(*KEY) == cache.count(*KEY)
    assert cache.knows(*KEY)
    assert made == [KEY]


def test_a_count_is_kept_from_cache_to_cache(made, tmp_path):
    first = CountCache(tmp_path / "new" / "folder").count(*KEY)
    assert CountCache(tmp_path / "new" / "folder").count(*KEY) == first
    assert made == [KEY]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"convention": 1}', "\x00", '{"parts": [["", "", "a group of its own", 1]]}', "[" * 100_000],
)
def test_a_file_that_is_no_count_is_made_anew(made, tmp_path, text):
    count = CountCache(tmp_path).count(*KEY)
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    assert CountCache(tmp_path).count(*KEY) == count
    assert made == [KEY, KEY]
    assert json.loads(file.read_text()) == count.as_dict()


def test_a_count_of_something_else_is_not_taken(made, tmp_path):
    CountCache(tmp_path).count(*KEY)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text().replace("rexnet_1.0", "rexnet_1.3"))
    assert CountCache(tmp_path).count(*KEY).model == "rexnet_1.0"
    assert len(made) == 2


def test_other_libraries_make_it_anew(made, tmp_path, monkeypatch):
    CountCache(tmp_path).count(*KEY)
    monkeypatch.setattr(module, "_version", lambda _library: "0")
    CountCache(tmp_path).count(*KEY)
    assert len(made) == 2


def test_a_folder_that_can_not_be_written_to_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    assert CountCache(tmp_path / "file").count(*KEY).total > 0
    assert (tmp_path / "file").read_text() == ""


def test_another_way_to_count_is_asked_by_its_name(tmp_path):
    asked = []

    def count(model, side):
        asked.append((model, side))
        return module.count_under("macs", model, side).__class__(
            convention="mine", model=model, height=side, width=285, parts=()
        )

    caches = [CountCache(tmp_path, others={"mine": count}) for _ in range(2)]
    assert [cache.count("mine", "rexnet_1.0", 224).width for cache in caches] == [285, 285]
    assert asked == [("rexnet_1.0", 224)]


def test_an_unknown_model_is_an_error(tmp_path):
    with pytest.raises(InputError, match="unknown model"):
        CountCache(tmp_path).count("macs", "resnet50", 224)
