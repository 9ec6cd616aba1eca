#include "client/commands/embed.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "client/commands/embed_output.h"
#include "client/commands/flag_values.h"
#include "client/commands/json_text.h"
#include "client/commands/similarity.h"
#include "client/commands/text_arguments.h"
#include "client/commands/text_hint.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

constexpr int64_t kDefaultValues = 4;

// A matrix of more would fill memory before anybody could read it.
constexpr size_t kMaxCompared = 1000;

constexpr FlagSpec kFlags[] = {
    {"similarity", "", "print how alike the texts are: their cosines"},
    {"truncate", "", "cut texts that are longer than the model takes"},
    {"values", "N", "values to print of each text, 0 for all (4)"},
    {"version", "N", "the version of the model (the newest)"},
};

absl::Status RunEmbed(CommandContext& context) {
  const CommandLine& line = context.line;
  const bool truncates = !line.Values("truncate").empty();
  const bool compares = !line.Values("similarity").empty();
  ASSIGN_OR_RETURN(const int64_t num_values,
                   ReadNumValues(line, kDefaultValues));
  ASSIGN_OR_RETURN(
      const std::vector<std::string> texts,
      ReadTexts(absl::MakeConstSpan(line.arguments).subspan(1), context.in));
  if (compares && texts.size() > kMaxCompared) {
    return UsageError(absl::StrCat("--similarity compares at most ",
                                   kMaxCompared, " texts, not ", texts.size()));
  }
  EmbedRequest request;
  request.model = line.arguments[0];
  request.version = ReadVersion(line);
  request.texts = texts;
  request.truncate = truncates;
  const absl::StatusOr<EmbedResult> result =
      context.client.Embed(std::move(request));
  if (!result.ok()) {
    const absl::Status status = WithTextHint(result.status());
    return truncates ? status : WithTruncateHint(status, "--truncate");
  }
  const Similarities similarities =
      compares ? CosineSimilarities(result->embeddings) : Similarities();
  if (line.json) {
    nlohmann::json json = EmbedResultAsJson(texts, *result);
    if (compares) json["similarities"] = similarities;
    context.out << JsonText(json);
  } else if (compares) {
    context.out << SimilarityTable(texts, similarities, context.columns);
  } else {
    context.out << EmbedResultAsText(texts, *result, num_values,
                                     context.columns);
  }
  return absl::OkStatus();
}

}  // namespace

const Command kEmbedCommand = {
    "embed",
    "NAME TEXT...",
    2,
    "turn texts into vectors; '-' reads one a line from standard input",
    kFlags,
    RunEmbed,
    /*repeats_last=*/true};

}  // namespace transformerd
