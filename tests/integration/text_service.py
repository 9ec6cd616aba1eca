"""A client of transformerd.v1.TextService, known by reflection alone."""

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


class TextService:
    NAME = "transformerd.v1.TextService"

    def __init__(self, daemon):
        self.channel = grpc.insecure_channel(
            daemon.address, [("grpc.max_receive_message_length", -1)]
        )
        pool = descriptor_pool.DescriptorPool(
            ProtoReflectionDescriptorDatabase(self.channel)
        )
        self.methods = pool.FindServiceByName(self.NAME).methods_by_name

    def __call__(self, method, timeout=60, **fields):
        described = self.methods[method]
        request = message_factory.GetMessageClass(described.input_type)(**fields)
        answer = message_factory.GetMessageClass(described.output_type)
        return self.raw(method, request.SerializeToString(), answer.FromString, timeout)

    def raw(self, method, request, decode=bytes, timeout=60):
        call = self.channel.unary_unary(
            f"/{self.NAME}/{method}", response_deserializer=decode
        )
        return call(request, timeout=timeout)
