#include "model/families/families.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {

// One in each file of its name.
extern const Family kBert;
extern const Family kCamembert;
extern const Family kDistilBert;
extern const Family kRoberta;
extern const Family kXlmRoberta;

namespace {

constexpr const Family* kFamilies[] = {
    &kBert, &kRoberta, &kXlmRoberta, &kCamembert, &kDistilBert,
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

std::string KnownModelTypes() {
  std::vector<absl::string_view> names;
  for (const Family* family : kFamilies) {
    names.insert(names.end(), family->model_types.begin(),
                 family->model_types.end());
  }
  return absl::StrJoin(names, ", ");
}

std::string KnownClasses(const Family& family) {
  return absl::StrJoin(family.classes, ", ",
                       [](std::string* out, const ModelClass& model_class) {
                         absl::StrAppend(out, model_class.name);
                       });
}

absl::StatusOr<const Family*> FindFamily(const ConfigReader& config) {
  ASSIGN_OR_RETURN(const std::string model_type,
                   config.RequiredString("model_type"));
  for (const Family* family : kFamilies) {
    if (HasModelType(*family, model_type)) return family;
  }
  return LoadError(
      Reason::kUnknownArchitecture,
      absl::StrCat("config.json: model_type=\"", model_type,
                   "\" is not known, expected one of ", KnownModelTypes()));
}

// The class asked for, else the config's, else the family's base model.
absl::StatusOr<const ModelClass*> ChooseClass(const ConfigReader& config,
                                              const Family& family,
                                              absl::string_view asked) {
  std::string name(asked);
  if (name.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> architectures,
                     config.Strings("architectures"));
    if (architectures.empty()) return &family.classes.front();
    name = architectures.front();
  }
  const ModelClass* model_class = FindClass(family, name);
  if (model_class == nullptr) {
    return LoadError(
        Reason::kUnknownArchitecture,
        absl::StrCat("architecture \"", name,
                     "\" is not known for model_type=\"",
                     family.model_types.front(), "\", expected one of ",
                     KnownClasses(family)));
  }
  return model_class;
}

}  // namespace

absl::Span<const Family* const> AllFamilies() { return kFamilies; }

absl::StatusOr<ParsedModel> ParseModel(const ConfigReader& config,
                                       absl::string_view class_name) {
  ASSIGN_OR_RETURN(const Family* family, FindFamily(config));
  ASSIGN_OR_RETURN(const ModelClass* model_class,
                   ChooseClass(config, *family, class_name));
  ParsedModel parsed;
  parsed.family = family;
  ASSIGN_OR_RETURN(parsed.architecture, family->parse(config, *model_class));
  parsed.architecture.family = std::string(family->model_types.front());
  return parsed;
}

}  // namespace transformerd
