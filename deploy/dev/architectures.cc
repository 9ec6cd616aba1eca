// Prints the table of classes that can be served, in Markdown.
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/families/families.h"

namespace transformerd {
namespace {

std::string Code(absl::string_view text) {
  return absl::StrCat("`", text, "`");
}

void PrintRow(absl::string_view first, absl::Span<const ModelClass> classes) {
  std::cout << "| " << first << " | "
            << absl::StrJoin(classes, ", ",
                             [](std::string* out, const ModelClass& c) {
                               absl::StrAppend(out, Code(c.name));
                             })
            << " |\n";
}

void PrintTable() {
  std::cout << "| `model_type` | classes |\n| --- | --- |\n";
  for (const Family* family : AllFamilies()) {
    PrintRow(absl::StrJoin(family->model_types, ", ",
                           [](std::string* out, absl::string_view name) {
                             absl::StrAppend(out, Code(name));
                           }),
             family->classes);
  }
  for (const Family* module : BareModules()) {
    PrintRow("any, as a part", module->classes);
  }
}

}  // namespace
}  // namespace transformerd

int main() { transformerd::PrintTable(); }
