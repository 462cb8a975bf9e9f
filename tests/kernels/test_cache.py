"""The folder of compiled programs: whole entries, bounded, of one user."""

import os
import threading

import pytest

from pysciml.engines.jax import cache


def test_what_is_written_is_read(tmp_path):
    cache.write(tmp_path, "a.xla", b"content" * 1000)
    assert cache.read(tmp_path, "a.xla") == b"content" * 1000
    assert cache.read(tmp_path, "b.xla") is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.xla"]


def test_names_tell_parts_apart():
    assert cache.entry_name([b"ab", b"c"]) != cache.entry_name([b"a", b"bc"])


def test_the_entries_used_longest_ago_go_first(tmp_path, monkeypatch):
    content = os.urandom(1000)
    for age, name in enumerate("abc"):
        cache.write(tmp_path, name, content)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert cache.read(tmp_path, "a") == content  # now the one used last
    monkeypatch.setattr(cache, "MAX_BYTES", 3500)
    cache.write(tmp_path, "d", content)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    monkeypatch.setattr(cache, "MAX_BYTES", 500)
    cache.write(tmp_path, "e", content)  # larger than all there may be
    assert cache.read(tmp_path, "e") is None


def test_writers_and_readers_at_once_see_whole_entries(tmp_path):
    contents, seen = [bytes([i]) * 200_000 for i in range(4)], []

    def work(content):
        for _ in range(10):
            cache.write(tmp_path, "shared", content)
            seen.append(cache.read(tmp_path, "shared"))

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 40
    assert set(seen) <= set(contents)


@pytest.mark.parametrize("off", ["0", "off", "OFF", "none"])
def test_it_can_be_turned_off(off):
    environment = {"PYSCIML_CACHE_DIR": off}
    assert cache.base_directory(environment) is None
    assert cache.kernels_directory(environment) is None


@pytest.mark.skipif(os.name == "nt", reason="caches are elsewhere there")
def test_it_is_where_the_user_says_or_where_caches_are(tmp_path):
    home = {"HOME": str(tmp_path / "home")}
    places = [
        cache.base_directory(home | {"PYSCIML_CACHE_DIR": str(tmp_path / "own")}),
        cache.base_directory(home | {"XDG_CACHE_HOME": str(tmp_path / "xdg")}),
    ]
    assert places[0].parent == tmp_path / "own"
    if os.uname().sysname == "Linux":
        assert places[1].parent == tmp_path / "xdg" / "pysciml"
        assert cache.base_directory(home).parent == tmp_path / "home" / ".cache" / "pysciml"
    assert not any(place.exists() for place in places)


@pytest.mark.skipif(os.name == "nt", reason="other permissions there")
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path):
    environment = {"PYSCIML_CACHE_DIR": str(tmp_path)}
    folder = cache.kernels_directory(environment)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert cache.kernels_directory(environment) is None


def test_a_place_that_cannot_be_made_is_not_used(tmp_path):
    (tmp_path / "file").write_text("")
    assert cache.kernels_directory({"PYSCIML_CACHE_DIR": str(tmp_path / "file")}) is None
    cache.write(tmp_path / "file", "a", b"content")  # no error, nothing written
    assert cache.read(tmp_path / "file", "a") is None
