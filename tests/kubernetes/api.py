"""The API server over HTTPS: objects in and out as Python dicts."""

import json
import ssl
import urllib.error
import urllib.request

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
REQUEST_TIMEOUT_S = 30


class ApiError(Exception):
    """A refusal: its HTTP code, and the message of the Status that came with it."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Api:
    """Thread-safe; every request has a connection of its own."""

    def __init__(self, url, token, authority, namespace="default"):
        self.namespace = namespace
        self._url, self._token, self._authority = url, token, authority
        self._tls = ssl.create_default_context(cafile=authority)
        self._resources = {}

    def in_namespace(self, namespace):
        other = Api.__new__(Api)
        other.__dict__.update(self.__dict__, namespace=namespace)
        return other

    @property
    def helm_flags(self):
        """What leads helm to this server and namespace."""
        return [
            f"--kube-apiserver={self._url}", f"--kube-token={self._token}",
            f"--kube-ca-file={self._authority}", f"--namespace={self.namespace}",
        ]

    def _open(self, method, path, body=None, content_type="application/json", timeout=None):
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content_type},
        )
        try:
            return urllib.request.urlopen(
                request, context=self._tls, timeout=timeout or REQUEST_TIMEOUT_S
            )
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError):
                pass
            raise ApiError(error.code, text) from None

    def request(self, *arguments, **options):
        with self._open(*arguments, **options) as answer:
            text = answer.read()
        return json.loads(text) if text[:1] == b"{" else text.decode()

    def path(self, api_version, kind, name="", subresource=""):
        """The URL's path of a kind or of one object, in the namespace if it has one."""
        root = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
        if (api_version, kind) not in self._resources:
            for resource in self.request("GET", root)["resources"]:
                if "/" not in resource["name"]:
                    self._resources[api_version, resource["kind"]] = resource
        resource = self._resources[api_version, kind]
        scope = f"/namespaces/{self.namespace}" if resource["namespaced"] else ""
        parts = [resource["name"], name, subresource]
        return root + scope + "".join(f"/{part}" for part in parts if part)

    def apply(self, obj, dry_run=False):
        """Server-side apply; a field that the API does not know is an error."""
        path = self.path(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])
        query = "?fieldManager=tests&force=true&fieldValidation=Strict"
        if dry_run:
            query += "&dryRun=All"
        return self.request("PATCH", path + query, obj, APPLY)

    def get(self, api_version, kind, name):
        return self.request("GET", self.path(api_version, kind, name))

    def list(self, api_version, kind, selector=""):
        path = self.path(api_version, kind)
        return self.request("GET", f"{path}?labelSelector={selector}")["items"]

    def patch(self, api_version, kind, name, change, subresource=""):
        path = self.path(api_version, kind, name, subresource)
        return self.request("PATCH", path, change, MERGE)

    def delete(self, api_version, kind, name, **options):
        return self.request("DELETE", self.path(api_version, kind, name), options or None)

    def create(self, obj, subresource_of=None, subresource=""):
        """POSTs an object, or a subresource such as a pod's eviction."""
        if subresource_of:
            path = self.path(*subresource_of, subresource)
        else:
            path = self.path(obj["apiVersion"], obj["kind"])
        return self.request("POST", path, obj)

    def watch(self, path, field_selector=""):
        """Yields (type, object) of what is there, and then of every change."""
        query = f"?watch=true&fieldSelector={field_selector}&timeoutSeconds=3600"
        with self._open("GET", path + query, timeout=3600) as answer:
            for line in answer:
                event = json.loads(line)
                yield event["type"], event["object"]
