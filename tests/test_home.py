"""Where a site keeps its state: below its folder, but for sockets whose path would be too long."""

import socket
from pathlib import Path

import pytest

from greenramp.home import Home

NEAR, DEEP = Path("/srv/greenramp"), Path("/srv") / ("deep-" * 30)


def everything(home):
    return {name: getattr(home, name) for name, value in vars(Home).items() if isinstance(value, property)}


def test_everything_lies_below_the_folder():
    assert all(path.is_relative_to(NEAR) for path in everything(Home(NEAR)).values())


def test_nothing_lies_where_something_else_does():
    places = everything(Home(NEAR))
    assert len(set(places.values())) == len(places)


def test_envoy_finds_nothing_but_its_files_in_the_folder_it_watches():
    places = everything(Home(NEAR))
    xds = places.pop("xds")
    assert not any(path.is_relative_to(xds) for path in places.values())


def test_in_a_deep_folder_only_what_must_be_near_lies_elsewhere():
    places = everything(Home(DEEP))
    elsewhere = {name for name, path in places.items() if not path.is_relative_to(DEEP)}
    assert elsewhere == {"runtime", "supervisor_socket", "supervisor_pid", "admin_socket"}


def test_two_deep_folders_do_not_share_their_sockets():
    assert Home(DEEP).runtime != Home(DEEP / "other").runtime
    assert Home(DEEP).runtime == Home(DEEP).runtime


@pytest.mark.parametrize("length", range(50, 110))
def test_whatever_the_folder_a_sockets_path_is_short_enough(length):
    home = Home(Path("/") / ("x" * length))
    for path in (home.supervisor_socket, home.admin_socket):
        with socket.socket(socket.AF_UNIX) as unix, pytest.raises(FileNotFoundError):  # else: AF_UNIX path too long
            unix.connect(f"{path}.1234567")  # supervisord makes its socket under a name with its process id first
