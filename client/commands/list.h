// transformerctl list
#pragma once

#include <string>
#include <vector>

#include "client/commands/command.h"
#include "client/types.h"
#include "nlohmann/json.hpp"

namespace transformerd {

extern const Command kListCommand;

// A table of models with a heading.
std::string ModelTable(const std::vector<ModelListing>& models);

// A list of objects with name, version, state and reason.
nlohmann::json ModelsAsJson(const std::vector<ModelListing>& models);

}  // namespace transformerd
