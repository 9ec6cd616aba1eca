"""What a container of a pod sees of its cluster: environment, volumes, an address.

Nothing is isolated: a container's program runs on this machine, mounted folders keep
the paths that they have here, and each pod has an address of 127.0.0.0/8.
"""

import base64
import pathlib

# The API server takes no loopback address for a pod: pod 10.244.0.7 is at 127.1.0.7.
POD_NETWORK, LOCAL_NETWORK = "10.244.", "127.1."


def pod_ip(number):
    return f"{POD_NETWORK}{number // 256}.{number % 256}"


def local_address(ip):
    return ip.replace(POD_NETWORK, LOCAL_NETWORK, 1)


class Sandbox:
    """Makes the volumes of a pod below `folder`."""

    def __init__(self, api, pod, folder):
        self._api = api
        self._folder = pathlib.Path(folder)
        self._volumes = {v["name"]: self._make_volume(v) for v in pod["spec"]["volumes"]}

    def _make_volume(self, volume):
        folder = self._folder / volume["name"]
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            claim = self._api.get("v1", "PersistentVolumeClaim", name)
            bound = self._api.get("v1", "PersistentVolume", claim["spec"]["volumeName"])
            return bound["spec"]["hostPath"]["path"]
        folder.mkdir(parents=True)
        if "secret" in volume:
            secret = self._api.get("v1", "Secret", volume["secret"]["secretName"])
            for key, value in secret["data"].items():
                (folder / key).write_bytes(base64.b64decode(value))
        elif "configMap" in volume:
            config = self._api.get("v1", "ConfigMap", volume["configMap"]["name"])
            for key, value in config["data"].items():
                (folder / key).write_text(value)
        elif "emptyDir" not in volume:
            raise ValueError(f"no such volume here: {volume}")
        return str(folder)

    def localise(self, text, container):
        """Puts the folders of this machine for the container's mounts."""
        for mount in container["volumeMounts"]:
            path = mount["mountPath"]
            if text == path or text.startswith(path + "/"):
                return self._volumes[mount["name"]] + text[len(path):]
        return text

    def environment(self, container):
        found = {}
        for source in container.get("envFrom", []):
            config = self._api.get("v1", "ConfigMap", source["configMapRef"]["name"])
            found.update(config["data"])
        for variable in container.get("env", []):
            found[variable["name"]] = variable["value"]
        return {name: self.localise(value, container) for name, value in found.items()}
