"""Ports: the usual ones when free, others when not, a clear error when demanded and taken."""

import socket
from collections.abc import Iterator

import pytest

from include.errors import InputError
from include.stack import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_free_preferred_port_is_used() -> None:
    port = ports.any_free()
    assert ports.choose(demanded=None, preferred=port) == port


def test_a_taken_preferred_port_gives_way_to_a_free_one(taken: int) -> None:
    chosen = ports.choose(demanded=None, preferred=taken)
    assert chosen != taken
    assert ports.is_free(chosen)


def test_a_taken_demanded_port_is_an_error_that_names_it(taken: int) -> None:
    with pytest.raises(InputError, match=f"Port {taken} on 127.0.0.1 is taken"):
        ports.choose(demanded=taken, preferred=None)


def test_two_services_never_get_the_same_port() -> None:
    port = ports.any_free()
    assert ports.choose(demanded=None, preferred=port, but=[port]) != port
    with pytest.raises(InputError):
        ports.choose(demanded=port, preferred=None, but=[port])


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match=f"{port} is no port"):
        ports.choose(demanded=port, preferred=None)
