#include "client/commands/similarity.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands/text_table.h"

namespace transformerd {
namespace {

constexpr size_t kTextColumn = 1;

double DotProduct(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

std::string FourDigits(double value) {
  // Adding 0 makes 0 of -0, which is what small negative values round to.
  return absl::StrFormat("%.4f", std::round(value * 1e4) / 1e4 + 0.0);
}

}  // namespace

Similarities CosineSimilarities(absl::Span<const TextEmbedding> embeddings) {
  std::vector<double> lengths;
  for (const TextEmbedding& e : embeddings) {
    lengths.push_back(std::sqrt(DotProduct(e.values, e.values)));
  }
  Similarities similarities(embeddings.size(),
                            std::vector<double>(embeddings.size()));
  for (size_t i = 0; i < embeddings.size(); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      const double product =
          DotProduct(embeddings[i].values, embeddings[j].values);
      similarities[i][j] = product / lengths[i] / lengths[j];
      similarities[j][i] = similarities[i][j];
    }
  }
  return similarities;
}

std::string SimilarityTable(const std::vector<std::string>& texts,
                            const Similarities& similarities, int columns) {
  TextTable table;
  std::vector<std::string> heading = {"", "TEXT"};
  for (size_t i = 0; i < texts.size(); ++i) {
    heading.push_back(absl::StrCat(i + 1));
  }
  table.AddRow(std::move(heading));
  for (size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::string> row = {absl::StrCat(i + 1), texts[i]};
    for (double similarity : similarities[i]) {
      row.push_back(FourDigits(similarity));
    }
    table.AddRow(std::move(row));
  }
  return table.ToString(kTextColumn, columns);
}

}  // namespace transformerd
