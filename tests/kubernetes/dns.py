"""The cluster's DNS for headless Services: the addresses of their ready endpoints."""

import socketserver
import struct
import threading

from sandbox import local_address

TYPE_A, CLASS_IN = 1, 1
RESPONSE, AUTHORITATIVE = 0x8000, 0x0400
TTL_S = 1


def question_of(query):
    """(name, type, the question's own bytes) of a DNS query with one question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    (kind,) = struct.unpack_from(">H", query, at + 1)
    return ".".join(labels), kind, query[12 : at + 5]


def answer_to(query, addresses):
    """The response with an A record for each of the addresses, none for other types."""
    _, kind, question = question_of(query)
    records = addresses if kind == TYPE_A else []
    flags = RESPONSE | AUTHORITATIVE
    answer = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question
    for address in records:
        packed = bytes(map(int, address.split(".")))
        # A pointer to the name in the question.
        answer += struct.pack(">HHHIH", 0xC00C, TYPE_A, CLASS_IN, TTL_S, 4) + packed
    return answer


class Dns:
    """Serves on 127.0.0.1:`port` (UDP) until stop()."""

    def __init__(self, api):
        self._api = api
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                query, reply_socket = self.request
                name, _, _ = question_of(query)
                reply_socket.sendto(answer_to(query, outer.lookup(name)), self.client_address)

        self._server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="dns", daemon=True).start()

    def lookup(self, name):
        """Of <service>.<namespace>.svc[...], where the service has ready endpoints."""
        service, namespace, *_ = name.split(".") + [""]
        slices = self._api.in_namespace(namespace).list(
            "discovery.k8s.io/v1", "EndpointSlice", f"kubernetes.io/service-name={service}"
        )
        return sorted(
            local_address(address)
            for each in slices
            for endpoint in each.get("endpoints") or []
            if endpoint["conditions"].get("ready")
            for address in endpoint["addresses"]
        )

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
