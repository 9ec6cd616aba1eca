"""proto/inference.proto against the descriptors inside tritonclient.

Both files define the package `inference`, and one process can hold only one of
them by its names. So each is read as plain descriptor messages, and tritonclient
is imported by a process of its own.
"""

import os
import pathlib
import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Of the Open Inference Protocol, which tritonclient does not have.
BEYOND_TRITON = {
    "message inference.ModelMetadataResponse field properties",
    "message inference.ModelMetadataResponse.PropertiesEntry",
}

# Newer than the oldest release that we compare with: it may lack them.
SINCE_2_42 = {
    "message inference.InferResponseStatistics",
    "message inference.ModelConfig field model_metrics",
    "message inference.ModelConfig field runtime",
    "message inference.ModelEnsembling field max_inflight_requests",
    "message inference.ModelInput field is_non_linear_format_io",
    "message inference.ModelMetrics",
    "message inference.ModelOutput field is_non_linear_format_io",
    "message inference.ModelStatistics field response_stats",
    "message inference.ModelStatistics.ResponseStatsEntry",
}

PRINT_TRITON_DESCRIPTORS = """
import sys
from google.protobuf import descriptor_pb2
from tritonclient.grpc import model_config_pb2, service_pb2
files = descriptor_pb2.FileDescriptorSet()
for module in (model_config_pb2, service_pb2):
    module.DESCRIPTOR.CopyToProto(files.file.add())
sys.stdout.buffer.write(files.SerializeToString())
"""


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout


def our_descriptors():
    path = os.environ.get("DESCRIPTOR_SET")
    if path:
        return pathlib.Path(path).read_bytes()
    return run(
        "protoc",
        "--proto_path=.",
        "--include_imports",
        "--descriptor_set_out=/dev/stdout",
        "proto/inference.proto",
    )


def field_facts(message, field):
    one_of = ""
    if field.HasField("oneof_index"):
        one_of = message.oneof_decl[field.oneof_index].name
    return (field.number, field.type, field.label, field.type_name, one_of)


def enum_facts(enum):
    return {value.name: value.number for value in enum.value}


def message_facts(message, prefix):
    """Yields (what, its facts) for a message and all inside it."""
    name = f"{prefix}.{message.name}"
    yield f"message {name}", message.options.map_entry
    for field in message.field:
        yield f"message {name} field {field.name}", field_facts(message, field)
    for enum in message.enum_type:
        yield f"enum {name}.{enum.name}", enum_facts(enum)
    for nested in message.nested_type:
        yield from message_facts(nested, name)


def method_facts(method):
    return (
        method.input_type,
        method.output_type,
        method.client_streaming,
        method.server_streaming,
    )


def facts(serialized):
    """What matters on the wire and in JSON, by what it belongs to."""
    files = descriptor_pb2.FileDescriptorSet.FromString(serialized)
    found = {}
    for file in files.file:
        found[f"syntax of package {file.package}"] = file.syntax
        for enum in file.enum_type:
            found[f"enum {file.package}.{enum.name}"] = enum_facts(enum)
        for message in file.message_type:
            found.update(message_facts(message, file.package))
        for service in file.service:
            for method in service.method:
                path = f"/{file.package}.{service.name}/{method.name}"
                found[f"method {path}"] = method_facts(method)
    return found


@pytest.fixture(scope="module")
def ours():
    return facts(our_descriptors())


@pytest.fixture(scope="module")
def theirs():
    return facts(run(sys.executable, "-c", PRINT_TRITON_DESCRIPTORS))


def test_has_everything_that_tritonclient_has_and_as_it_has_it(ours, theirs):
    different = {
        what: (ours.get(what), theirs[what])
        for what in theirs
        if ours.get(what) != theirs[what]
    }
    assert different == {}


def test_adds_nothing_but_the_open_inference_protocols_properties(ours, theirs):
    allowed = BEYOND_TRITON | SINCE_2_42
    unexplained = {
        what
        for what in set(ours) - set(theirs)
        if not any(f"{what} ".startswith((f"{new} ", f"{new}.")) for new in allowed)
    }
    assert unexplained == set()


def test_properties_are_those_of_the_open_inference_protocol(ours):
    number, _, _, type_name, _ = ours[
        "message inference.ModelMetadataResponse field properties"
    ]
    assert number == 6
    assert type_name == ".inference.ModelMetadataResponse.PropertiesEntry"


def test_the_service_has_its_twenty_methods(ours):
    methods = [what for what in ours if what.startswith("method ")]
    assert len(methods) == 20
    assert "method /inference.GRPCInferenceService/ModelInfer" in methods
