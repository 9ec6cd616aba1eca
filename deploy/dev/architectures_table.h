// README.md's table of what can be served.
#pragma once

#include <string>

namespace transformerd {

// In Markdown: a line for each family with its model types and classes, and for
// each module of AllenNLP's toolkit.
std::string ArchitecturesTable();

}  // namespace transformerd
