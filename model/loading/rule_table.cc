#include "model/loading/rule_table.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace transformerd {
namespace {

constexpr absl::string_view kPlaceholder = "{}";

// Real names have at most two or three numbers. The bound keeps a hostile key
// of a million of them from costing quadratic time.
constexpr int kMaxNumbers = 8;

// A name as a rule would spell it, and the number that "{}" stands for.
struct Pattern {
  std::string text;
  std::optional<int64_t> layer;
};

// The number that `component` spells in canonical form ("7", not "07").
std::optional<int64_t> ParseNumber(absl::string_view component) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(component, &number) || number < 0 ||
      absl::StrCat(number) != component) {
    return std::nullopt;
  }
  return number;
}

// The name as it stands, and with each of its numbers in turn as "{}".
std::vector<Pattern> PatternsOf(absl::string_view name) {
  // A name that spells "{}" itself is no name, and would match any rule.
  if (absl::StrContains(name, kPlaceholder)) return {};
  std::vector<Pattern> patterns = {{std::string(name), std::nullopt}};
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::optional<int64_t> number =
        ParseNumber(name.substr(begin, end - begin));
    if (number.has_value()) {
      patterns.push_back(
          {absl::StrCat(name.substr(0, begin), kPlaceholder, name.substr(end)),
           number});
      if (patterns.size() > kMaxNumbers) break;
    }
    begin = end + 1;
  }
  return patterns;
}

// "a.b.weight" -> {"a.b", "weight"}; a name without a dot is all leaf.
std::pair<absl::string_view, absl::string_view> SplitLeaf(
    absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// What checkpoints converted from TensorFlow call the leaves of norms.
absl::string_view AliasOf(absl::string_view leaf) {
  if (leaf == "weight") return "gamma";
  if (leaf == "bias") return "beta";
  return "";
}

bool IsLeaf(absl::string_view leaf) {
  return leaf == "weight" || leaf == "bias" || leaf == "gamma" ||
         leaf == "beta";
}

}  // namespace

RuleTable::RuleTable(const Family& family, absl::string_view base_prefix,
                     int64_t num_layers)
    : num_layers_(num_layers) {
  for (const ParameterRule& rule : family.base_parameters) {
    Add(base_prefix, rule);
  }
  for (const ParameterRule& rule : family.head_parameters) Add("", rule);
  for (absl::string_view buffer : family.buffers) {
    // Files that were saved in two steps have them in both forms.
    known_buffers_.insert(std::string(buffer));
    known_buffers_.insert(absl::StrCat(family.base_prefix, buffer));
  }
}

void RuleTable::Add(absl::string_view prefix, const ParameterRule& rule) {
  std::string key = absl::StrCat(prefix, rule.checkpoint);
  known_modules_.insert(key);
  keys_of_module_[rule.module].push_back(std::move(key));
}

std::vector<std::string> RuleTable::CandidateKeys(
    absl::string_view slot_name) const {
  const auto [module, leaf] = SplitLeaf(slot_name);
  const absl::string_view alias = AliasOf(leaf);
  std::vector<std::string> candidates;
  for (const Pattern& pattern : PatternsOf(module)) {
    const auto found = keys_of_module_.find(pattern.text);
    if (found == keys_of_module_.end()) continue;
    for (const std::string& key_pattern : found->second) {
      std::string key =
          pattern.layer.has_value()
              ? absl::StrReplaceAll(
                    key_pattern, {{kPlaceholder, absl::StrCat(*pattern.layer)}})
              : key_pattern;
      if (!key.empty()) key += '.';  // empty: a parameter of the top module
      candidates.push_back(absl::StrCat(key, leaf));
      if (!alias.empty()) candidates.push_back(absl::StrCat(key, alias));
    }
  }
  return candidates;
}

bool RuleTable::Knows(absl::string_view key) const {
  const auto [module, leaf] = SplitLeaf(key);
  return (IsLeaf(leaf) && Matches(known_modules_, module)) ||
         Matches(known_buffers_, key);
}

bool RuleTable::Matches(const absl::flat_hash_set<std::string>& patterns,
                        absl::string_view name) const {
  for (const Pattern& pattern : PatternsOf(name)) {
    const bool in_model =
        !pattern.layer.has_value() || *pattern.layer < num_layers_;
    if (in_model && patterns.contains(pattern.text)) return true;
  }
  return false;
}

}  // namespace transformerd
