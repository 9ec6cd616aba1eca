"""How long a new pod takes until it serves, as a sum of what it waits for."""

import dataclasses

GIB = 1 << 30
MIB = 1 << 20
GBIT = 1e9 / 8

# Compressed and unpacked, as //deploy:image reports it.
IMAGE_BYTES, IMAGE_UNPACKED_BYTES = 119 * MIB, 382 * MIB
# Decompression is one core's work.
UNPACK_BYTES_S = 150e6
SCHEDULING_S = 1.0
# Creation of the sandbox, mounts.
SANDBOX_S = 1.5
# On average, half of the chart's period of the readiness probe.
PROBE_S = 1.0


@dataclasses.dataclass(frozen=True)
class Storage:
    """How the weights come. With `copied_at`, a container copies them to the node's disk
    before they are read."""

    read_bytes_s: float
    copied_at: float | None = None
    is_image_there: bool = True


STORAGE = {
    # Of the same node, after a restart; the rate of README.md.
    "page cache": Storage(3.7e9),
    "local NVMe": Storage(2e9),
    "network disk, 4 Gbit/s": Storage(4 * GBIT),
    "shared file system, 1 Gbit/s": Storage(1 * GBIT),
    "download, 2 Gbit/s, new node": Storage(2e9, copied_at=2 * GBIT, is_image_there=False),
}
# Of the network that images come through.
PULL_BYTES_S = 2 * GBIT


def cold_start_s(weights_gib, storage, start_s):
    """Seconds from the creation of a pod to its first answer; start_s from the start of
    the process to open ports."""
    weights = weights_gib * GIB
    seconds = SCHEDULING_S + SANDBOX_S + start_s + PROBE_S
    if not storage.is_image_there:
        seconds += IMAGE_BYTES / PULL_BYTES_S + IMAGE_UNPACKED_BYTES / UNPACK_BYTES_S
    if storage.copied_at:
        seconds += weights / storage.copied_at
    return seconds + weights / storage.read_bytes_s
