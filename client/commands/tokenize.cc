#include "client/commands/tokenize.h"

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "client/commands/flag_values.h"
#include "client/commands/json_text.h"
#include "client/commands/text_arguments.h"
#include "client/commands/text_hint.h"
#include "client/commands/tokenize_output.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr FlagSpec kFlags[] = {
    {"pair", "TEXT", "the second text of a pair; once for each text"},
    {"version", "N", "the version of the model (the newest)"},
};

absl::Status RunTokenize(CommandContext& context) {
  const CommandLine& line = context.line;
  TokenizeRequest request;
  request.model = line.arguments[0];
  request.version = ReadVersion(line);
  ASSIGN_OR_RETURN(
      request.texts,
      ReadTexts(absl::MakeConstSpan(line.arguments).subspan(1), context.in));
  request.text_pairs = line.Values("pair");
  const size_t num_pairs = request.text_pairs.size();
  if (num_pairs != 0 && num_pairs != request.texts.size()) {
    return UsageError(absl::StrCat("--pair is given ", num_pairs, " times for ",
                                   request.texts.size(),
                                   " texts; give it once for each text"));
  }
  const absl::StatusOr<TokenizeResult> result =
      context.client.Tokenize(request);
  if (!result.ok()) return WithTextHint(result.status());
  context.out << (line.json ? JsonText(TokenizeResultAsJson(request, *result))
                            : TokenizeResultAsText(request, *result,
                                                   context.columns));
  return absl::OkStatus();
}

}  // namespace

const Command kTokenizeCommand = {
    "tokenize",
    "NAME TEXT...",
    2,
    "show the tokens of texts; '-' reads one a line from standard input",
    kFlags,
    RunTokenize,
    /*repeats_last=*/true};

}  // namespace transformerd
