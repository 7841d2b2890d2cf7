"""A port is taken early and opened late."""

import socket

import pytest

from greenramp.serving.listening import open_for_requests, reserve


def test_nobody_can_connect_before_the_model_is_loaded():
    with reserve("127.0.0.1", 0) as bound, socket.socket() as client:
        with pytest.raises(ConnectionRefusedError):
            client.connect(bound.getsockname())
        open_for_requests(bound)
        with socket.create_connection(bound.getsockname()):
            pass


def test_of_two_servers_that_start_at_once_only_one_gets_the_port():
    with reserve("127.0.0.1", 0) as one, reserve(*one.getsockname()) as other:
        open_for_requests(one)
        with pytest.raises(OSError, match="in use"):
            open_for_requests(other)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(OSError, match="assign"):
        reserve("192.0.2.1", 0)
