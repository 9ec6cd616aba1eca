"""An image as an OCI layout in one tar file, as skopeo, podman and docker load it."""

import hashlib
import json
import tarfile

from image.layer import Entry, write_tar

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# An image has a time of creation; a build that can be repeated has none.
_CREATED = "1970-01-01T00:00:00Z"


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _descriptor(media_type, digest, size, **more):
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


def _blob(digest, content):
    return Entry("blobs/" + digest.replace(":", "/"), 0o644, content)


def write_layout(path, layers, config, name):
    """Layers, as Blobs, from the lowest up. `config` is the OCI image's `config`
    object; the image is called `name`, say transformerd:0.1.0."""
    image = _json({
        "architecture": "amd64",
        "os": "linux",
        "created": _CREATED,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": _CREATED, "created_by": "deploy/image"} for _ in layers],
    })
    manifest = _json({
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _descriptor(_CONFIG, _digest(image), len(image)),
        "layers": [_descriptor(_LAYER, layer.digest, layer.size) for layer in layers],
    })
    index = _json({
        "schemaVersion": 2,
        "manifests": [_descriptor(
            _MANIFEST, _digest(manifest), len(manifest),
            annotations={
                "io.containerd.image.name": "docker.io/library/" + name,
                "org.opencontainers.image.ref.name": name.rpartition(":")[2],
            },
        )],
    })
    entries = [
        Entry("oci-layout", 0o644, _json({"imageLayoutVersion": "1.0.0"})),
        Entry("index.json", 0o644, index),
        _blob(_digest(image), image),
        _blob(_digest(manifest), manifest),
        *[_blob(layer.digest, layer.path) for layer in layers],
    ]
    with open(path, "wb") as file:
        write_tar(entries, file)


def read_layers(path):
    """Yields the layers of a layout from the lowest up, as gzipped tar files to read."""
    with tarfile.open(path) as archive:

        def read(digest):
            return archive.extractfile("blobs/" + digest.replace(":", "/"))

        index = json.load(archive.extractfile("index.json"))
        manifest = json.load(read(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            yield read(layer["digest"])
