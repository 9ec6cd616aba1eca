// Sends token ids to a model and prints the start of each row's embedding.
//
//   embed_ids 127.0.0.1:8001 minilm
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "client/client.h"
#include "model/base/status_macros.h"

namespace {

using transformerd::HostTensor;

absl::Status EmbedIds(const std::string& address, const std::string& model) {
  ASSIGN_OR_RETURN(const std::unique_ptr<transformerd::Client> client,
                   transformerd::Client::Create({address}));

  // "hello world" and "hello", as BERT's vocabulary has them; 0 pads.
  const int64_t ids[] = {101, 7592, 2088, 102, 101, 7592, 102, 0};
  const int64_t mask[] = {1, 1, 1, 1, 1, 1, 1, 0};
  transformerd::InferRequest request;
  request.model = model;
  request.inputs = {{"input_ids", transformerd::MakeTensor({2, 4}, ids)},
                    {"attention_mask", transformerd::MakeTensor({2, 4}, mask)}};
  request.outputs = {"sentence_embedding"};
  ASSIGN_OR_RETURN(const transformerd::InferResult result,
                   client->Infer(std::move(request)));

  const auto& embedding =
      std::get<HostTensor>(*result.Find("sentence_embedding"));
  const int64_t width = embedding.shape[1];
  for (int64_t row = 0; row < embedding.shape[0]; ++row) {
    const auto values = embedding.as<float>().subspan(row * width, width);
    std::cout << "row " << row << ": " << width << " values from " << values[0]
              << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed_ids HOST:PORT MODEL\n";
    return 2;
  }
  const absl::Status status = EmbedIds(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
