// Embeds the lines of standard input, each in a call of its own that blocks
// nothing: the server batches the calls that are under way at the same time.
//
//   embed_lines 127.0.0.1:8001 minilm < sentences.txt
#include <cstddef>
#include <deque>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "client/client.h"
#include "model/base/status_macros.h"

namespace {

// As many calls are under way at once; more would only wait in the server.
constexpr size_t kMaxCalls = 64;

struct Line {
  std::string text;
  absl::StatusOr<transformerd::EmbedResult> result;
  absl::Notification is_done;
};

void Start(transformerd::Client& client, const std::string& model, Line& line) {
  transformerd::EmbedRequest request;
  request.model = model;
  request.texts = {line.text};
  // The callback runs on a thread of gRPC and should do little.
  client.EmbedAsync(std::move(request), {},
                    [&line](absl::StatusOr<transformerd::EmbedResult> result) {
                      line.result = std::move(result);
                      line.is_done.Notify();
                    });
}

absl::Status Print(Line& line) {
  line.is_done.WaitForNotification();
  RETURN_IF_ERROR(line.result.status());
  const transformerd::TextEmbedding& embedding = line.result->embeddings[0];
  std::cout << line.text << ": " << embedding.values.size() << " values from "
            << embedding.values[0] << "\n";
  return absl::OkStatus();
}

absl::Status EmbedLines(const std::string& address, const std::string& model) {
  // Before the client: its destructor waits for callbacks that write here.
  std::deque<std::unique_ptr<Line>> lines;
  ASSIGN_OR_RETURN(const std::unique_ptr<transformerd::Client> client,
                   transformerd::Client::Create({address}));

  for (std::string text; std::getline(std::cin, text);) {
    lines.push_back(std::make_unique<Line>());
    lines.back()->text = text;
    Start(*client, model, *lines.back());
    if (lines.size() == kMaxCalls) {
      RETURN_IF_ERROR(Print(*lines.front()));
      lines.pop_front();
    }
  }
  for (const auto& line : lines) RETURN_IF_ERROR(Print(*line));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed_lines HOST:PORT MODEL < TEXTS\n";
    return 2;
  }
  const absl::Status status = EmbedLines(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
