// Any bytes as a config.json: reading it, and building the model that it
// describes, neither crashes nor refuses without a reason.
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/dtype.h"
#include "model/base/error_details.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

void CheckError(const absl::Status& status) {
  if (!status.ok()) CHECK(ReasonOf(status).has_value()) << status;
}

void ParseConfig(absl::string_view text) {
  const auto config = ConfigReader::Parse(text, "config.json");
  CheckError(config.status());
  if (!config.ok()) return;
  CheckError(config->RequiredString("model_type").status());
  CheckError(config->Strings("architectures").status());
  CheckError(config->Int("hidden_size", 768, 1, 1 << 20).status());
  CheckError(config->Double("layer_norm_eps", 1e-12, 0, 1).status());
  CheckError(config->Bool("tie_word_embeddings", true).status());
  CheckError(config->IndexedStrings("id2label").status());
  CheckError(config->Doubles("long_factor").status());
  CheckError(config->Object("rope_parameters").status());
  CheckError(config->Merged(text).status());
  const auto model = ParseModel(*config, "");
  CheckError(model.status());
  if (model.ok()) Transformer(model->architecture, DType::kF32);
}

}  // namespace
}  // namespace transformerd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  transformerd::ParseConfig({reinterpret_cast<const char*>(data), size});
  return 0;
}
