"""The log file never outgrows its limit, holds whole lines only, and is private."""

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.serving.boundedfile import BoundedFile

LINE = b"0123456\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log"


def older(path):
    return path.with_name("log.1")


def test_only_the_owner_may_read_the_file_even_if_it_was_there_before(path):
    path.touch(0o644)
    file = BoundedFile(path, 8)
    file.append([LINE, LINE])
    file.close()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, older(path))] == [0o600, 0o600]


def test_a_full_file_becomes_the_older_one_and_the_one_before_goes(path):
    file = BoundedFile(path, 20)
    assert file.append([b"a" * 7 + b"\n", b"b" * 7 + b"\n", b"c" * 7 + b"\n"]) == 3
    assert (older(path).read_bytes(), path.read_bytes()) == (b"aaaaaaa\nbbbbbbb\n", b"ccccccc\n")
    file.append([LINE] * 2)
    assert (older(path).read_bytes(), path.read_bytes()) == (b"ccccccc\n" + LINE, LINE)
    file.close()


@given(sizes=st.lists(st.lists(st.integers(1, 50), max_size=8), max_size=8), limit=st.integers(50, 120))
def test_no_file_ever_holds_more_than_the_limit(tmp_path_factory, sizes, limit):
    path = tmp_path_factory.mktemp("bounded") / "log"
    file = BoundedFile(path, limit)
    lines = [[b"x" * (size - 1) + b"\n" for size in batch] for batch in sizes]
    for batch in lines:
        assert file.append(batch) == len(batch)
        assert all(one.stat().st_size <= limit for one in path.parent.iterdir())
    file.close()
    kept = (older(path).read_bytes() if older(path).exists() else b"") + path.read_bytes()
    assert b"".join(b"".join(batch) for batch in lines).endswith(kept)


def test_a_line_larger_than_the_limit_has_a_file_of_its_own(path):
    file = BoundedFile(path, 4)
    assert file.append([LINE, LINE]) == 2
    file.close()
    assert (older(path).read_bytes(), path.read_bytes()) == (LINE, LINE)


def test_a_restart_goes_on_where_the_file_ended(path):
    for _ in range(2):
        file = BoundedFile(path, 100)
        file.append([LINE])
        file.close()
    assert path.read_bytes() == LINE * 2


def test_half_a_line_left_by_a_killed_process_does_not_spoil_the_next(path):
    path.write_bytes(b'{"half')
    file = BoundedFile(path, 100)
    file.append([LINE])
    file.close()
    assert path.read_bytes() == b'{"half\n' + LINE


def test_what_is_no_file_is_refused():
    with pytest.raises(OSError, match="not a regular file"):
        BoundedFile(Path(os.devnull), 100)


def test_a_disk_that_takes_no_more_is_told_and_leaves_no_half_line(path, largest_file):
    file = BoundedFile(path, 100)
    file.append([LINE])
    with largest_file(11):
        assert file.append([LINE]) == 0
    assert file.error.errno == errno.EFBIG
    assert path.read_bytes() == LINE
    assert file.append([LINE]) == 1
    assert file.error is None
    file.close()
    assert path.read_bytes() == LINE * 2


def test_a_file_somebody_removed_comes_back_with_the_next_rotation(path):
    file = BoundedFile(path, 8)
    file.append([LINE])
    path.unlink()
    file.append([LINE])
    file.close()
    assert path.read_bytes() == LINE
