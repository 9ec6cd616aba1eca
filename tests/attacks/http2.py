"""HTTP/2 frames, written by hand: what no client library would send."""

import select
import ssl
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE, CONTINUATION = 1, 3, 4, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8
# SETTINGS_MAX_FRAME_SIZE before anybody asks for more.
LARGEST_FRAME = 16384
LAST_STREAM = (1 << 31) - 1
FRAME_HEADER_BYTES = 9
SEND_TIMEOUT_S = 10


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, prefix_bits):
    """An HPACK integer behind a prefix whose upper bits are zero."""
    largest = (1 << prefix_bits) - 1
    if value < largest:
        return bytes([value])
    encoded, value = [largest], value - largest
    while value >= 128:
        encoded.append(value % 128 + 128)
        value //= 128
    return bytes(encoded + [value])


# What an HPACK header begins with, whether the peer is to remember it or not.
REMEMBERED, NOT_REMEMBERED = b"\x40", b"\0"


def header(name, value, kind=NOT_REMEMBERED):
    return kind + integer(len(name), 7) + name + integer(len(value), 7) + value


CALL = (
    (b":method", b"POST"),
    (b":scheme", b"https"),
    (b":path", b"/inference.GRPCInferenceService/ModelInfer"),
    (b":authority", b"localhost"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)
FIRST_CALL = b"".join(header(*field, REMEMBERED) for field in CALL)
# From index 62 on stands what is remembered, the newest first.
NEXT_CALL = bytes(0x80 | 61 + age for age in range(len(CALL), 0, -1))


class Connection:
    """Over a connected socket, plain or TLS. Reads what comes while it sends, and
    acknowledges the peer's settings if it is told to. Not thread-safe."""

    def __init__(self, socket, acknowledges):
        self.sent_bytes = 0
        self._socket, self._acknowledges = socket, acknowledges
        self._received, self._to_send = b"", b""
        self._next_stream, self._call = 1, FIRST_CALL
        socket.settimeout(0)
        self.send(PREFACE + frame(SETTINGS, 0, 0))

    def begin_calls(self, count, flags=END_HEADERS, fields=b""):
        """(streams, frames) of so many calls, which have further header fields."""
        first, frames = self._next_stream, b""
        self._next_stream += 2 * count
        if self._next_stream > LAST_STREAM:
            raise ConnectionError("this connection has no streams left")
        streams = range(first, self._next_stream, 2)
        for stream in streams:
            frames += frame(HEADERS, flags, stream, self._call + fields)
            self._call = NEXT_CALL
        return streams, frames

    def send(self, data):
        """Raises OSError once the peer is gone, or takes nothing for long."""
        self._to_send += data
        deadline = time.monotonic() + SEND_TIMEOUT_S
        while self._to_send:
            if self._send_some():
                deadline = time.monotonic() + SEND_TIMEOUT_S
            elif time.monotonic() > deadline:
                raise TimeoutError("the peer takes nothing any more")
            else:
                select.select([self._socket], [self._socket], [], SEND_TIMEOUT_S)
            self._receive()
        self.sent_bytes += len(data)

    def _send_some(self):
        try:
            count = self._socket.send(self._to_send)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        self._to_send = self._to_send[count:]
        return count

    def _receive(self):
        try:
            while True:
                chunk = self._socket.recv(1 << 16)
                if not chunk:
                    raise ConnectionResetError("the peer ended the connection")
                self._received += chunk
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        while len(self._received) >= FRAME_HEADER_BYTES:
            end = FRAME_HEADER_BYTES + int.from_bytes(self._received[:3], "big")
            kind, flags = self._received[3], self._received[4]
            if len(self._received) < end:
                break
            self._received = self._received[end:]
            if kind == GOAWAY:
                raise ConnectionResetError("the peer wants no more")
            if kind == SETTINGS and not flags & ACK and self._acknowledges:
                self._to_send += frame(SETTINGS, ACK, 0)

    def close(self):
        self._socket.close()
