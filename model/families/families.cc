#include "model/families/families.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/families/required_values.h"
#include "model/families/seed/seed_families.h"

namespace transformerd {

// One in each file of its name.
extern const Family kAlbert;
extern const Family kBart;
extern const Family kBert;
extern const Family kCamembert;
extern const Family kClipText;
extern const Family kDebertaV2;
extern const Family kDistilBert;
extern const Family kElectra;
extern const Family kGemma;
extern const Family kGemma2;
extern const Family kGemma3Text;
extern const Family kGpt2;
extern const Family kGptNeoX;
extern const Family kLlama;
extern const Family kMistral;
extern const Family kMixtral;
extern const Family kModernBert;
extern const Family kMpNet;
extern const Family kMt5;
extern const Family kNomicBert;
extern const Family kOpt;
extern const Family kPhi3;
extern const Family kQwen2;
extern const Family kQwen3;
extern const Family kRoberta;
extern const Family kStarcoder2;
extern const Family kT5;
extern const Family kVit;
extern const Family kXlmRoberta;

namespace {

constexpr const Family* kFamilies[] = {
    &kBert,   &kRoberta, &kXlmRoberta, &kCamembert,  &kDistilBert, &kElectra,
    &kAlbert, &kMpNet,   &kNomicBert,  &kModernBert, &kDebertaV2,  &kClipText,
    &kVit,    &kT5,      &kMt5,        &kBart,       &kGpt2,       &kGptNeoX,
    &kOpt,    &kLlama,   &kMistral,    &kMixtral,    &kQwen2,      &kQwen3,
    &kGemma,  &kGemma2,  &kGemma3Text, &kPhi3,       &kStarcoder2,
};

bool HasModelType(const Family& family, absl::string_view model_type) {
  return std::find(family.model_types.begin(), family.model_types.end(),
                   model_type) != family.model_types.end();
}

const ModelClass* FindClass(const Family& family, absl::string_view name) {
  for (const ModelClass& model_class : family.classes) {
    if (model_class.name == name) return &model_class;
  }
  return nullptr;
}

std::vector<absl::string_view> ModelTypes() {
  std::vector<absl::string_view> names;
  for (const Family* family : kFamilies) {
    names.insert(names.end(), family->model_types.begin(),
                 family->model_types.end());
  }
  return names;
}

std::vector<absl::string_view> ClassNames(const Family& family) {
  std::vector<absl::string_view> names;
  for (const ModelClass& model_class : family.classes) {
    names.push_back(model_class.name);
  }
  return names;
}

// "expected one of a, b, c", with a guess in front where one is near.
std::string Expected(absl::string_view found,
                     const std::vector<absl::string_view>& names) {
  const absl::string_view nearest = NearestName(found, names);
  return absl::StrCat(
      nearest.empty() ? "" : absl::StrCat("did you mean \"", nearest, "\"? "),
      "expected one of ", absl::StrJoin(names, ", "));
}

absl::StatusOr<const Family*> FindFamily(const ConfigReader& config) {
  ASSIGN_OR_RETURN(const std::string model_type,
                   config.RequiredString("model_type"));
  for (const Family* family : kFamilies) {
    if (HasModelType(*family, model_type)) return family;
  }
  return LoadError(
      Reason::kUnknownArchitecture,
      absl::StrCat("config.json: model_type=", Quoted(model_type),
                   " is not known, ", Expected(model_type, ModelTypes())));
}

// The class asked for, else the config's; empty where neither names one.
absl::StatusOr<std::string> NameOfClass(const ConfigReader& config,
                                        absl::string_view asked) {
  if (!asked.empty()) return std::string(asked);
  ASSIGN_OR_RETURN(const std::vector<std::string> architectures,
                   config.Strings("architectures"));
  return architectures.empty() ? "" : architectures.front();
}

// A family and one of its classes.
struct Choice {
  const Family* family;
  const ModelClass* model_class;
};

// AllenNLP's name for a model of any family without its head.
constexpr absl::string_view kBackbone = "PretrainedTransformerBackbone";

// Bare modules go by their class alone; with others model_type decides, and
// without a class it is the family's base model.
absl::StatusOr<Choice> Choose(const ConfigReader& config,
                              const std::string& class_name) {
  for (const Family* module : BareModules()) {
    const ModelClass* model_class = FindClass(*module, class_name);
    if (model_class != nullptr) return Choice{module, model_class};
  }
  ASSIGN_OR_RETURN(const Family* family, FindFamily(config));
  if (class_name.empty() || class_name == kBackbone) {
    return Choice{family, &family->classes.front()};
  }
  const ModelClass* model_class = FindClass(*family, class_name);
  if (model_class == nullptr) {
    return LoadError(Reason::kUnknownArchitecture,
                     absl::StrCat("architecture ", Quoted(class_name),
                                  " is not known for model_type=\"",
                                  family->model_types.front(), "\", ",
                                  Expected(class_name, ClassNames(*family))));
  }
  return Choice{family, model_class};
}

// UNSUPPORTED for models that are no single stack over text, and for arguments
// of AllenNLP's constructor that would change the answer.
absl::Status MakeBackbone(const ConfigReader& config, Architecture& model) {
  if (model.input != ModelInput::kTokens || model.decoder) {
    return LoadError(Reason::kUnsupported,
                     absl::StrCat("architecture ", kBackbone,
                                  " runs one stack over text, which a ",
                                  model.family, " does not"));
  }
  RETURN_IF_ERROR(RequireAbsent(config, "max_length"));  // folds long texts
  RETURN_IF_ERROR(RequireAbsent(config, "sub_module"));
  RETURN_IF_ERROR(RequireBool(config, "last_layer_only", true));
  model.class_name = std::string(kBackbone);
  model.is_backbone = true;
  model.is_bare = true;
  return absl::OkStatus();
}

}  // namespace

absl::Span<const Family* const> AllFamilies() { return kFamilies; }

absl::Span<const Family* const> BareModules() { return SeedFamilies(); }

absl::StatusOr<ParsedModel> ParseModel(const ConfigReader& config,
                                       absl::string_view class_name) {
  ASSIGN_OR_RETURN(const std::string name, NameOfClass(config, class_name));
  ASSIGN_OR_RETURN(const Choice choice, Choose(config, name));
  // Such weights mean nothing without the scales that lie next to them.
  RETURN_IF_ERROR(RequireAbsent(config, "quantization_config"));
  ParsedModel parsed;
  parsed.family = choice.family;
  ASSIGN_OR_RETURN(parsed.architecture,
                   choice.family->parse(config, *choice.model_class));
  parsed.architecture.family = std::string(choice.family->model_types.front());
  if (name == kBackbone) {
    RETURN_IF_ERROR(MakeBackbone(config, parsed.architecture));
  }
  return parsed;
}

}  // namespace transformerd
