"""A small valid request, for tests that look at whether calls succeed."""

from tritonclient.grpc import service_pb2


def request_of(model):
    request = service_pb2.ModelInferRequest(model_name=model)
    ids = request.inputs.add(name="input_ids", datatype="INT64", shape=[1, 4])
    ids.contents.int64_contents.extend([1, 2, 3, 4])
    return request
