// Embeds texts and prints how alike each is to the first one.
//
//   embed_texts 127.0.0.1:8001 minilm "The cat sits." "A cat is sitting."
//   "Rain."
#include <cmath>
#include <cstddef>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "model/base/status_macros.h"

namespace {

using Vector = std::vector<float>;

double DotProduct(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

double Cosine(const Vector& a, const Vector& b) {
  return DotProduct(a, b) / std::sqrt(DotProduct(a, a) * DotProduct(b, b));
}

absl::Status EmbedTexts(const std::string& address, const std::string& model,
                        const std::vector<std::string>& texts) {
  ASSIGN_OR_RETURN(const std::unique_ptr<transformerd::Client> client,
                   transformerd::Client::Create({address}));

  transformerd::EmbedRequest request;
  request.model = model;
  request.texts = texts;
  request.truncate = true;
  transformerd::CallOptions options;
  options.timeout = absl::Seconds(30);
  ASSIGN_OR_RETURN(const transformerd::EmbedResult result,
                   client->Embed(std::move(request), options));

  const Vector& first = result.embeddings[0].values;
  for (size_t i = 0; i < texts.size(); ++i) {
    const transformerd::TextEmbedding& embedding = result.embeddings[i];
    std::cout << Cosine(first, embedding.values) << " (" << embedding.num_tokens
              << " tokens) " << texts[i] << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: embed_texts HOST:PORT MODEL TEXT...\n";
    return 2;
  }
  const absl::Status status =
      EmbedTexts(argv[1], argv[2], {argv + 3, argv + argc});
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
