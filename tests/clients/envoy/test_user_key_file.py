"""The secret under which users' keys are hashed is made once, is nobody else's, and is never replaced silently."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from greenramp.clients.envoy.userkey import user_key
from greenramp.errors import ConfigError


@pytest.fixture
def path(home):
    return home.root / "envoy" / "user.key"


def test_it_is_made_once_and_is_readable_by_its_owner_alone(home, path):
    key = user_key(home)
    assert len(key) == 16
    assert user_key(home) == key
    assert path.read_text() == key.hex() + "\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_site_has_its_own(home, new_home):
    assert user_key(home) != user_key(new_home())


def test_all_who_start_together_agree(new_home):
    for home in (new_home() for _ in range(10)):
        together = Barrier(8)
        with ThreadPoolExecutor(8) as pool:
            starts = [pool.submit(lambda at=home, all_=together: all_.wait() >= 0 and user_key(at)) for _ in range(8)]
        assert len({start.result() for start in starts}) == 1


@pytest.mark.parametrize("text", ["", "00" * 15, "00" * 17, "zz" * 16, "\u00e9" * 16])
def test_a_damaged_file_is_named_and_left_as_it_is(home, path, text):
    user_key(home)
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"user\.key is damaged: .* put a backup back"):
        user_key(home)
    assert path.read_text() == text
