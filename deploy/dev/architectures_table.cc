#include "deploy/dev/architectures_table.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/families/families.h"

namespace transformerd {
namespace {

using Names = std::vector<absl::string_view>;

std::string Code(absl::Span<const absl::string_view> names) {
  return absl::StrJoin(names, ", ",
                       [](std::string* out, absl::string_view name) {
                         absl::StrAppend(out, "`", name, "`");
                       });
}

void AddClasses(const Family& family, Names& names) {
  for (const ModelClass& model_class : family.classes) {
    names.push_back(model_class.name);
  }
}

}  // namespace

std::string ArchitecturesTable() {
  std::string table = "| `model_type` | classes |\n| --- | --- |\n";
  const auto add_row = [&table](absl::string_view first, const Names& classes) {
    absl::StrAppend(&table, "| ", first, " | ", Code(classes), " |\n");
  };
  for (const Family* family : AllFamilies()) {
    Names classes;
    AddClasses(*family, classes);
    add_row(Code(family->model_types), classes);
  }
  Names modules;
  for (const Family* module : BareModules()) AddClasses(*module, modules);
  add_row("modules of AllenNLP's toolkit", modules);
  return table;
}

}  // namespace transformerd
