#include "client/commands/tokenize_output.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/commands/text_table.h"

namespace transformerd {
namespace {

// "text 1: hello" on a line of at most `columns`.
std::string Heading(absl::string_view what, size_t i, const std::string& text,
                    int columns) {
  TextTable table;
  table.AddRow({absl::StrCat(what, " ", i + 1, ": ", text)});
  return table.ToString(0, columns);
}

std::string TokenTable(const TextEncoding& encoding) {
  TextTable table;
  table.AddRow({"ID", "TOKEN", "TYPE", "OFFSETS"});
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const TextOffset& offset = encoding.offsets[i];
    table.AddRow({absl::StrCat(encoding.ids[i]), encoding.tokens[i],
                  absl::StrCat(encoding.type_ids[i]),
                  absl::StrCat(offset.begin, ":", offset.end)});
  }
  return table.ToString();
}

}  // namespace

std::string TokenizeResultAsText(const TokenizeRequest& request,
                                 const TokenizeResult& result, int columns) {
  std::string text;
  for (size_t i = 0; i < result.encodings.size(); ++i) {
    if (i > 0) text += "\n";
    text += Heading("text", i, request.texts[i], columns);
    if (!request.text_pairs.empty()) {
      text += Heading("pair", i, request.text_pairs[i], columns);
    }
    text += TokenTable(result.encodings[i]);
  }
  return text;
}

nlohmann::json TokenizeResultAsJson(const TokenizeRequest& request,
                                    const TokenizeResult& result) {
  nlohmann::json encodings = nlohmann::json::array();
  for (size_t i = 0; i < result.encodings.size(); ++i) {
    const TextEncoding& encoding = result.encodings[i];
    nlohmann::json offsets = nlohmann::json::array();
    for (const TextOffset& offset : encoding.offsets) {
      offsets.push_back(nlohmann::json::array({offset.begin, offset.end}));
    }
    nlohmann::json json = {{"text", request.texts[i]},
                           {"ids", encoding.ids},
                           {"tokens", encoding.tokens},
                           {"type_ids", encoding.type_ids},
                           {"offsets", std::move(offsets)}};
    if (!request.text_pairs.empty()) json["text_pair"] = request.text_pairs[i];
    encodings.push_back(std::move(json));
  }
  return {{"model", request.model}, {"encodings", std::move(encodings)}};
}

}  // namespace transformerd
