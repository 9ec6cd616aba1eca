#include "model/loading/rule_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

namespace transformerd {
namespace {

constexpr absl::string_view kPlaceholder = "{}";

// Real names have at most two or three numbers. The bound keeps a hostile key
// of a million of them from costing quadratic time.
constexpr size_t kMaxNumbers = 8;
// A layer and, say, an expert.
constexpr size_t kMaxPlaceholders = 2;

// A name as a rule would spell it, and the numbers that "{}" stands for.
struct Pattern {
  std::string text;
  std::vector<absl::string_view> numbers;
};

// True for a number in canonical form ("7", not "07").
bool IsNumber(absl::string_view component) {
  int64_t number = 0;
  return absl::SimpleAtoi(component, &number) && number >= 0 &&
         absl::StrCat(number) == component;
}

std::vector<absl::string_view> NumbersIn(absl::string_view name) {
  std::vector<absl::string_view> numbers;
  for (absl::string_view component : absl::StrSplit(name, '.')) {
    if (!IsNumber(component)) continue;
    numbers.push_back(component);
    if (numbers.size() == kMaxNumbers) break;
  }
  return numbers;
}

// `name` with the components at `numbers`, which point into it, as "{}".
Pattern Generalise(absl::string_view name,
                   std::vector<absl::string_view> numbers) {
  Pattern pattern;
  const char* rest = name.data();
  for (absl::string_view number : numbers) {
    absl::StrAppend(&pattern.text,
                    absl::string_view(rest, number.data() - rest),
                    kPlaceholder);
    rest = number.data() + number.size();
  }
  absl::StrAppend(&pattern.text,
                  absl::string_view(rest, name.data() + name.size() - rest));
  pattern.numbers = std::move(numbers);
  return pattern;
}

// The name as it stands, and with every one and two of its numbers as "{}".
std::vector<Pattern> PatternsOf(absl::string_view name) {
  // A name that spells "{}" itself is no name, and would match any rule.
  if (absl::StrContains(name, kPlaceholder)) return {};
  static_assert(kMaxPlaceholders == 2);
  const std::vector<absl::string_view> numbers = NumbersIn(name);
  std::vector<Pattern> patterns = {Generalise(name, {})};
  for (size_t i = 0; i < numbers.size(); ++i) {
    patterns.push_back(Generalise(name, {numbers[i]}));
    for (size_t j = i + 1; j < numbers.size(); ++j) {
      patterns.push_back(Generalise(name, {numbers[i], numbers[j]}));
    }
  }
  return patterns;
}

// The pattern's text with its placeholders as `numbers`, in order; nothing
// where there are not as many.
std::optional<std::string> Fill(absl::string_view text,
                                absl::Span<const absl::string_view> numbers) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(text, kPlaceholder);
  if (parts.size() != numbers.size() + 1) return std::nullopt;
  std::string filled(parts.front());
  for (size_t i = 0; i < numbers.size(); ++i) {
    absl::StrAppend(&filled, numbers[i], parts[i + 1]);
  }
  return filled;
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

// The reverse: the leaf of the slot.
absl::string_view CanonicalLeaf(absl::string_view leaf) {
  if (leaf == "gamma") return "weight";
  if (leaf == "beta") return "bias";
  return leaf;
}

// "layers.0.mlp" and "weight" to the whole name.
std::string Join(absl::string_view module, absl::string_view leaf) {
  // An empty module: a parameter of the top.
  return module.empty() ? std::string(leaf) : absl::StrCat(module, ".", leaf);
}

}  // namespace

RuleTable::RuleTable(const Family& family, absl::string_view base_prefix,
                     const std::vector<std::string>& slot_names)
    : has_own_names_(family.bare != nullptr && family.base_parameters.empty()),
      other_modules_(family.other_modules),
      slot_names_(slot_names.begin(), slot_names.end()) {
  for (const std::string& name : slot_names) {
    for (Pattern& pattern : PatternsOf(SplitLeaf(name).first)) {
      modules_.present.insert(std::move(pattern.text));
    }
    for (Pattern& pattern : PatternsOf(name)) {
      parameters_.present.insert(std::move(pattern.text));
    }
  }
  for (const ParameterRule& rule : family.base_parameters) {
    Add(base_prefix, rule);
  }
  for (const ParameterRule& rule : family.head_parameters) Add("", rule);
  for (absl::string_view buffer : family.buffers) {
    // Files that were saved in two steps have them in both forms.
    buffers_.insert(std::string(buffer));
    buffers_.insert(absl::StrCat(family.base_prefix, buffer));
    buffers_.insert(absl::StrCat(base_prefix, buffer));
  }
}

void RuleTable::Add(absl::string_view prefix, const ParameterRule& rule) {
  if (!rule.beside.empty() && !modules_.present.contains(rule.beside)) return;
  Index& index = rule.kind == RuleKind::kModule ? modules_ : parameters_;
  std::string key = absl::StrCat(prefix, rule.checkpoint);
  index.names_of_key[key].emplace_back(rule.module);
  index.keys_of_name[rule.module].push_back(std::move(key));
}

std::vector<std::string> RuleTable::CandidateKeys(
    absl::string_view slot_name) const {
  if (has_own_names_) return {std::string(slot_name)};
  const auto [module, leaf] = SplitLeaf(slot_name);
  const absl::string_view alias = AliasOf(leaf);
  std::vector<std::string> candidates;
  const auto for_each_key = [](const Index& index, absl::string_view name,
                               const auto& visit) {
    for (const Pattern& pattern : PatternsOf(name)) {
      const auto found = index.keys_of_name.find(pattern.text);
      if (found == index.keys_of_name.end()) continue;
      for (const std::string& key_pattern : found->second) {
        const auto key = Fill(key_pattern, pattern.numbers);
        if (key) visit(*key);
      }
    }
  };
  for_each_key(parameters_, slot_name,
               [&](const std::string& key) { candidates.push_back(key); });
  for_each_key(modules_, module, [&](const std::string& key) {
    candidates.push_back(Join(key, leaf));
    if (!alias.empty()) candidates.push_back(Join(key, alias));
  });
  return candidates;
}

bool RuleTable::Knows(absl::string_view key) const {
  return IsBuffer(key) || IsInOtherModule(key) || KnowsParameter(key) ||
         KnowsModuleOf(key);
}

bool RuleTable::KnowsModuleOf(absl::string_view key) const {
  const auto [key_module, key_leaf] = SplitLeaf(key);
  const absl::string_view leaf = CanonicalLeaf(key_leaf);
  const bool is_leaf = leaf == "weight" || leaf == "bias";
  for (const Pattern& pattern : PatternsOf(key_module)) {
    const auto found = modules_.names_of_key.find(pattern.text);
    if (found == modules_.names_of_key.end()) continue;
    for (const std::string& module : found->second) {
      const std::optional<std::string> name = Fill(module, pattern.numbers);
      if (!name) continue;
      if (slot_names_.contains(Join(*name, leaf))) return true;
      if (is_leaf && !modules_.present.contains(module)) return true;
    }
  }
  return false;
}

bool RuleTable::KnowsParameter(absl::string_view key) const {
  for (const Pattern& pattern : PatternsOf(key)) {
    const auto found = parameters_.names_of_key.find(pattern.text);
    if (found == parameters_.names_of_key.end()) continue;
    for (const std::string& parameter : found->second) {
      const std::optional<std::string> name = Fill(parameter, pattern.numbers);
      if (!name) continue;
      if (slot_names_.contains(*name)) return true;
      if (!parameters_.present.contains(parameter)) return true;
    }
  }
  return false;
}

bool RuleTable::IsBuffer(absl::string_view key) const {
  for (const Pattern& pattern : PatternsOf(key)) {
    if (buffers_.contains(pattern.text)) return true;
  }
  return false;
}

bool RuleTable::IsInOtherModule(absl::string_view key) const {
  return std::any_of(other_modules_.begin(), other_modules_.end(),
                     [key](absl::string_view module) {
                       return absl::StartsWith(key, module) &&
                              key.size() > module.size() &&
                              key[module.size()] == '.';
                     });
}

}  // namespace transformerd
