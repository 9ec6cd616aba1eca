"""custom.metrics.k8s.io, as an adapter serves it: gauges of pods, read from the pods."""

import http.server
import json
import re
import ssl
import threading
import time
import urllib.parse
import urllib.request

from certificates import Authority
from sandbox import local_address

GROUP = "custom.metrics.k8s.io"
VERSION = "v1beta1"
METRICS_PORT = 8002
# .../namespaces/<namespace>/pods/*/<metric>?labelSelector=<selector>
PATH = re.compile(rf"/apis/{GROUP}/{VERSION}/namespaces/([^/]+)/pods/\*/(\w+)$")


def gauge(ip, name):
    """The value of a gauge without labels on a pod's /metrics."""
    url = f"http://{local_address(ip)}:{METRICS_PORT}/metrics"
    text = urllib.request.urlopen(url, timeout=10).read().decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


class MetricsApi:
    """Served on localhost, and by the API server, until stop()."""

    def __init__(self, api, folder):
        self._api = api
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = json.dumps(outer.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*Authority(folder, "authority").issue("server"))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._register(self._server.server_address[1])

    def _register(self, port):
        name = "metrics-api"
        self._api.apply({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        })
        self._api.apply({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{GROUP}"},
            "spec": {
                "group": GROUP, "version": VERSION, "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100, "versionPriority": 100,
                "service": {"namespace": self._api.namespace, "name": name, "port": port},
            },
        })

    def answer(self, path):
        url = urllib.parse.urlparse(path)
        if (match := PATH.match(urllib.parse.unquote(url.path))) is None:
            resource = {"name": "pods/transformerd_capacity_used_ratio", "singularName": "",
                        "namespaced": True, "kind": "MetricValueList", "verbs": ["get"]}
            return {"kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": f"{GROUP}/{VERSION}", "resources": [resource]}
        selector = urllib.parse.parse_qs(url.query).get("labelSelector", [""])[0]
        pods = self._api.in_namespace(match[1]).list(
            "v1", "Pod", urllib.parse.quote(selector))
        items = [item for pod in pods if (item := self._value(pod, match[2]))]
        return {"kind": "MetricValueList", "apiVersion": f"{GROUP}/{VERSION}",
                "metadata": {}, "items": items}

    def _value(self, pod, metric):
        try:
            value = gauge(pod["status"]["podIP"], metric)
        except (KeyError, OSError):
            # Not there yet, or not any more.
            return None
        return {
            "describedObject": {
                "kind": "Pod", "apiVersion": "/v1", "name": pod["metadata"]["name"],
                "namespace": pod["metadata"]["namespace"],
            },
            "metricName": metric,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "value": f"{value * 1000:.0f}m",
        }

    def stop(self):
        self._api.delete("apiregistration.k8s.io/v1", "APIService", f"{VERSION}.{GROUP}")
        self._server.shutdown()
        self._server.server_close()
