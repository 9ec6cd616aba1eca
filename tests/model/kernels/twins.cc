#include "tests/model/kernels/twins.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace transformerd::kernels {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double Gelu(double x) {
  // Without the cancellation of 1 + erf(x) where x is far below zero.
  return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
}

double Softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

// The product of two heads, each in a row of heads.
double HeadProduct(int64_t size, const Matrix& a, int64_t a_row, int64_t a_head,
                   const Matrix& b, int64_t b_row, int64_t b_head) {
  double sum = 0;
  for (int64_t c = 0; c < size; ++c) {
    sum += a.at(a_row, a_head * size + c) * b.at(b_row, b_head * size + c);
  }
  return sum;
}

// Of one query and all keys; -inf where the query does not see a key.
std::vector<double> ScoresOf(const AttentionInput& input, int64_t head,
                             int64_t query) {
  const int64_t size = input.head_size();
  const bool sees_all_alike = input.masked_see_all && !input.key_mask.empty() &&
                              input.key_mask[query] == 0;
  std::vector<double> scores(input.key.rows);
  for (int64_t j = 0; j < input.key.rows; ++j) {
    const bool is_seen =
        (input.before < 0 || j >= query - input.before) &&
        (input.after < 0 || j <= query + input.after) &&
        (sees_all_alike || input.key_mask.empty() || input.key_mask[j] != 0);
    if (!is_seen) {
      scores[j] = -std::numeric_limits<double>::infinity();
      continue;
    }
    if (sees_all_alike) continue;
    double score = HeadProduct(size, input.query, query, head, input.key, j, 0);
    const int64_t distance = j - query + input.query.rows - 1;
    if (input.distance_key.rows > 0) {
      score += HeadProduct(size, input.query, query, head, input.distance_key,
                           input.distance_rows[distance], head);
    }
    if (input.distance_query.rows > 0) {
      score += HeadProduct(size, input.key, j, 0, input.distance_query,
                           input.distance_rows[distance], head);
    }
    score *= input.scale;
    if (input.softcap > 0) {
      score = input.softcap * std::tanh(score / input.softcap);
    }
    if (input.distance_bias.rows > 0) {
      score += input.distance_bias.at(head, distance);
    }
    scores[j] = score;
  }
  return scores;
}

std::vector<double> Softmax(std::vector<double> scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  if (std::isinf(highest)) {
    return std::vector<double>(scores.size(),
                               1 / static_cast<double>(scores.size()));
  }
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  return scores;
}

}  // namespace

double ActivationTwin(Activation activation, double x) {
  switch (activation) {
    case Activation::kGelu:
      return Gelu(x);
    case Activation::kGelu10:
      return std::min(10.0, std::max(-10.0, Gelu(x)));
    case Activation::kGeluTanh:
      return x * Sigmoid(2 * std::sqrt(2 / std::acos(-1.0)) *
                         (x + 0.044715 * x * x * x));
    case Activation::kHardSwish:
      return x * std::min(6.0, std::max(0.0, x + 3)) / 6;
    case Activation::kIdentity:
      return x;
    case Activation::kLaplace:
      return 0.5 * std::erfc(-(x - 0.707107) / (0.282095 * std::sqrt(2.0)));
    case Activation::kLeakyRelu:
      return x > 0 ? x : 0.01 * x;
    case Activation::kMish:
      return x * std::tanh(Softplus(x));
    case Activation::kQuickGelu:
      return x * Sigmoid(1.702 * x);
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kRelu2:
      return std::max(x, 0.0) * std::max(x, 0.0);
    case Activation::kRelu6:
      return std::min(6.0, std::max(0.0, x));
    case Activation::kSigmoid:
      return Sigmoid(x);
    case Activation::kSilu:
      return x * Sigmoid(x);
    case Activation::kSqrtSoftplus:
      return std::sqrt(Softplus(x));
    case Activation::kTanh:
      return std::tanh(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double ActivationError(Activation activation, DType dtype, double x) {
  // Some steps in float32, which end in numbers as large as x.
  const double floats = 1.5e-7 * (1 + std::abs(x));
  const double value = std::abs(ActivationTwin(activation, x));
  switch (activation) {
    case Activation::kIdentity:
    case Activation::kRelu:
    case Activation::kRelu6:
      return 0;
    case Activation::kRelu2:
      return 1e-7 * value;
    case Activation::kGelu:
    case Activation::kGelu10:
      return dtype == DType::kF32 ? floats : floats + 4e-5;
    case Activation::kGeluTanh:
    case Activation::kQuickGelu:
    case Activation::kSigmoid:
    case Activation::kSilu:
      return dtype == DType::kF32 ? floats : floats + 8e-5 * value;
    default:
      return floats;
  }
}

Matrix ProductTwin(const Matrix& a, const Matrix& b,
                   const std::vector<double>& bias) {
  Matrix product(a.rows, b.rows);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t n = 0; n < b.rows; ++n) {
      double sum = bias.empty() ? 0 : bias[n];
      for (int64_t k = 0; k < a.columns; ++k) sum += a.at(r, k) * b.at(n, k);
      product.at(r, n) = sum;
    }
  }
  return product;
}

std::vector<double> NormTwin(NormKind kind, double eps,
                             const std::vector<double>& row,
                             const std::vector<double>& weight,
                             const std::vector<double>& bias) {
  const auto size = static_cast<double>(row.size());
  double mean = 0;
  if (kind == NormKind::kLayerNorm) {
    for (const double x : row) mean += x / size;
  }
  double variance = 0;
  for (const double x : row) variance += (x - mean) * (x - mean) / size;
  std::vector<double> normed(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    double factor = weight.empty() ? 1 : weight[i];
    if (kind == NormKind::kRmsNormPlusOne && !weight.empty()) factor += 1;
    normed[i] = (row[i] - mean) / std::sqrt(variance + eps) * factor +
                (bias.empty() ? 0 : bias[i]);
  }
  return normed;
}

void RotateTwin(const std::vector<double>& cosines,
                const std::vector<double>& sines, double* head) {
  const size_t pairs = cosines.size();
  for (size_t i = 0; i < pairs; ++i) {
    const double a = head[i], b = head[i + pairs];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + pairs] = b * cosines[i] + a * sines[i];
  }
}

AttentionOutput AttentionTwin(const AttentionInput& input, DType dtype) {
  const int64_t queries = input.query.rows, keys = input.key.rows;
  const int64_t size = input.head_size();
  AttentionOutput output;
  output.context = Matrix(queries, input.query.columns);
  output.context_error = Matrix(queries, input.query.columns);
  output.probabilities = Matrix(input.heads() * queries, keys);
  for (int64_t head = 0; head < input.heads(); ++head) {
    for (int64_t i = 0; i < queries; ++i) {
      const std::vector<double> scores = ScoresOf(input, head, i);
      for (const double score : scores) {
        if (std::isinf(score)) continue;
        output.largest_score = std::max(output.largest_score, std::abs(score));
      }
      const std::vector<double> weights = Softmax(scores);
      std::copy(weights.begin(), weights.end(),
                &output.probabilities.at(head * queries + i, 0));
    }
  }
  const double relative_error = output.relative_error(dtype);
  std::vector<double> magnitudes(size), squares(size);
  for (int64_t head = 0; head < input.heads(); ++head) {
    for (int64_t i = 0; i < queries; ++i) {
      double* const context = &output.context.at(i, head * size);
      std::fill(magnitudes.begin(), magnitudes.end(), 0);
      std::fill(squares.begin(), squares.end(), 0);
      for (int64_t j = 0; j < keys; ++j) {
        const double weight = output.probabilities.at(head * queries + i, j);
        for (int64_t c = 0; c < size; ++c) {
          const double term = weight * input.value.at(j, c);
          context[c] += term;
          magnitudes[c] += std::abs(term);
          squares[c] += term * term;
        }
      }
      for (int64_t c = 0; c < size; ++c) {
        double& error = output.context_error.at(i, head * size + c);
        // What float32 cannot hold is zero.
        error = relative_error * magnitudes[c] + 1e-30;
        // Each weight is rounded by itself: by 2^-8 of it at most, and sums of
        // such errors grow as those of random numbers do.
        if (dtype == DType::kBF16) {
          error += std::min(magnitudes[c], 4 * std::sqrt(squares[c])) / 256;
        }
      }
    }
  }
  return output;
}

}  // namespace transformerd::kernels
