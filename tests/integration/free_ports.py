"""Ports for programs that cannot choose one by themselves."""

import contextlib
import socket


def free_ports(count):
    """Different ports of 127.0.0.1 that nobody listens on at the moment."""
    with contextlib.ExitStack() as sockets:
        made = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in made]
