#include "client/commands/embed_output.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands/text_table.h"

namespace transformerd {
namespace {

constexpr size_t kTextColumn = 0;

// "0.1 -0.25 ..."
std::string FirstValues(const std::vector<float>& values, int64_t num_values) {
  const int64_t width = static_cast<int64_t>(values.size());
  const int64_t shown = num_values == 0 ? width : std::min(width, num_values);
  std::string text;
  for (int64_t i = 0; i < shown; ++i) {
    absl::StrAppendFormat(&text, "%s%.6g", i == 0 ? "" : " ", values[i]);
  }
  if (shown < width) absl::StrAppend(&text, " ...");
  return text;
}

}  // namespace

std::string EmbedResultAsText(const std::vector<std::string>& texts,
                              const EmbedResult& result, int64_t num_values,
                              int columns) {
  TextTable table;
  table.AddRow({"TEXT", "TOKENS", "VALUES"});
  for (size_t i = 0; i < texts.size(); ++i) {
    const TextEmbedding& embedding = result.embeddings[i];
    table.AddRow({texts[i], absl::StrCat(embedding.num_tokens),
                  FirstValues(embedding.values, num_values)});
  }
  return table.ToString(kTextColumn, columns);
}

nlohmann::json EmbedResultAsJson(const std::vector<std::string>& texts,
                                 const EmbedResult& result) {
  nlohmann::json embeddings = nlohmann::json::array();
  for (size_t i = 0; i < texts.size(); ++i) {
    embeddings.push_back({{"text", texts[i]},
                          {"num_tokens", result.embeddings[i].num_tokens},
                          {"values", result.embeddings[i].values}});
  }
  return {{"model", result.model},
          {"version", result.version},
          {"embeddings", std::move(embeddings)}};
}

}  // namespace transformerd
