#include "model/runtime/packing.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "glog/logging.h"

namespace transformerd {
namespace {

// Positions of the row of `length` tokens that begins at `begin`, by the
// architecture's rule.
void AppendPositions(const TokenRows& input, int64_t begin, int64_t length,
                     const Architecture& architecture,
                     std::vector<int64_t>& positions) {
  if (!input.position_ids.empty()) {
    positions.insert(positions.end(), input.position_ids.begin() + begin,
                     input.position_ids.begin() + begin + length);
    return;
  }
  const int64_t pad = architecture.pad_token_id.value_or(0);
  int64_t seen = 0;  // tokens that count
  for (int64_t i = 0; i < length; ++i) {
    switch (architecture.position_rule) {
      case PositionRule::kRowIndex:
        positions.push_back(i);
        break;
      case PositionRule::kAfterPadding: {
        // By id, not by mask, as in transformers: vectors are no padding.
        const bool is_padding =
            !input.input_ids.empty() && input.input_ids[begin + i] == pad;
        positions.push_back(is_padding ? pad : pad + ++seen);
        break;
      }
      case PositionRule::kVisibleTokens: {
        const bool is_visible = input.attention_mask.empty() ||
                                input.attention_mask[begin + i] != 0;
        positions.push_back(is_visible ? seen++ : -1);
        break;
      }
    }
  }
}

void AppendRow(const TokenRows& input, int64_t begin, int64_t length,
               const Architecture& architecture, PackedRows& batch) {
  const auto append = [&](const auto& from, auto& to, auto otherwise) {
    if (from.empty()) {
      to.insert(to.end(), length, otherwise);
    } else {
      to.insert(to.end(), from.begin() + begin, from.begin() + begin + length);
    }
  };
  append(input.input_ids, batch.input_ids, kNoId);
  append(input.token_type_ids, batch.token_type_ids, int64_t{0});
  append(input.attention_mask, batch.attention_mask, uint8_t{1});
  AppendPositions(input, begin, length, architecture, batch.position_ids);
  const auto row_mask = batch.attention_mask.end() - length;
  batch.sequence_has_mask.push_back(std::find(row_mask,
                                              batch.attention_mask.end(),
                                              0) != batch.attention_mask.end());
  batch.sequence_offsets.push_back(batch.num_tokens() + length);
}

void AppendRows(const TokenRows& input, const Architecture& architecture,
                PackedRows& batch) {
  int64_t begin = 0;
  for (const int64_t length : input.lengths) {
    AppendRow(input, begin, length, architecture, batch);
    begin += length;
  }
  batch.inputs_embeds.insert(batch.inputs_embeds.end(),
                             input.inputs_embeds.begin(),
                             input.inputs_embeds.end());
}

void Reserve(int64_t num_tokens, PackedRows& batch) {
  for (auto* column :
       {&batch.input_ids, &batch.token_type_ids, &batch.position_ids}) {
    column->reserve(num_tokens);
  }
  batch.attention_mask.reserve(num_tokens);
}

// The rows that an output's tokens, or the keys of its pairs, belong to.
const PackedRows& RowsOf(const PackedBatch& batch, bool of_decoder) {
  return of_decoder ? batch.decoder : batch;
}
const TokenRows& RowsOf(const InferenceInput& input, bool of_decoder) {
  return of_decoder ? input.decoder : input;
}

// Bytes of one row ([row_shape], or one [heads] for pairs).
int64_t RowBytes(const OutputSpec& spec) {
  return *SizeBytes(spec.dtype, spec.row_shape);
}

// Of a kTokenPair output; nothing for others.
std::vector<int64_t> PairOffsetsOf(const OutputSpec& spec,
                                   const PackedBatch& batch) {
  if (spec.rows != OutputRows::kTokenPair) return {};
  return PairOffsets(RowsOf(batch, spec.of_decoder),
                     RowsOf(batch, spec.keys_of_decoder));
}

HostTensor UnpackSequences(const HostTensor& packed, const OutputSpec& spec,
                           int64_t first, const InferenceInput& input) {
  Shape shape = {input.batch};
  shape.insert(shape.end(), spec.row_shape.begin(), spec.row_shape.end());
  HostTensor tensor(spec.dtype, std::move(shape));
  const int64_t row_bytes = RowBytes(spec);
  std::memcpy(tensor.bytes.data(), packed.bytes.data() + first * row_bytes,
              input.batch * row_bytes);
  return tensor;
}

HostTensor UnpackTokens(const HostTensor& packed, const OutputSpec& spec,
                        int64_t first, const PackedRows& batch,
                        const TokenRows& input) {
  Shape shape = {input.batch, input.width};
  shape.insert(shape.end(), spec.row_shape.begin(), spec.row_shape.end());
  HostTensor tensor(spec.dtype, std::move(shape));
  const int64_t row_bytes = RowBytes(spec);
  for (int64_t row = 0; row < input.batch; ++row) {
    std::memcpy(
        tensor.bytes.data() + row * input.width * row_bytes,
        packed.bytes.data() + batch.sequence_offsets[first + row] * row_bytes,
        input.lengths[row] * row_bytes);
  }
  return tensor;
}

HostTensor UnpackPairs(const HostTensor& packed, const OutputSpec& spec,
                       int64_t first, const std::vector<int64_t>& offsets,
                       const InferenceInput& input) {
  const int64_t heads = spec.row_shape.front();
  const TokenRows& queries = RowsOf(input, spec.of_decoder);
  const TokenRows& keys = RowsOf(input, spec.keys_of_decoder);
  HostTensor tensor(spec.dtype,
                    {input.batch, heads, queries.width, keys.width});
  const int64_t element = BytesOf(spec.dtype);
  char* to = tensor.bytes.data();
  for (int64_t row = 0; row < input.batch; ++row) {
    const int64_t length = keys.lengths[row];
    const char* from =
        packed.bytes.data() + offsets[first + row] * heads * element;
    for (int64_t head = 0; head < heads; ++head) {
      for (int64_t query = 0; query < queries.width; ++query) {
        if (query < queries.lengths[row]) {
          std::memcpy(to, from, length * element);
          from += length * element;
        }
        to += keys.width * element;
      }
    }
  }
  return tensor;
}

HostTensor UnpackOutput(const HostTensor& packed, const OutputSpec& spec,
                        int64_t first, const PackedBatch& batch,
                        const std::vector<int64_t>& pair_offsets,
                        const InferenceInput& input) {
  switch (spec.rows) {
    case OutputRows::kSequence:
      return UnpackSequences(packed, spec, first, input);
    case OutputRows::kToken:
      return UnpackTokens(packed, spec, first, RowsOf(batch, spec.of_decoder),
                          RowsOf(input, spec.of_decoder));
    case OutputRows::kTokenPair:
      return UnpackPairs(packed, spec, first, pair_offsets, input);
    case OutputRows::kTensor:
      break;  // never packed
  }
  LOG(FATAL) << "unknown OutputRows";
}

}  // namespace

PackedBatch Pack(absl::Span<const InferenceInput* const> inputs,
                 const Architecture& architecture) {
  PackedBatch batch;
  int64_t num_tokens = 0;
  int64_t num_decoder_tokens = 0;
  std::set<int> outputs;
  for (const InferenceInput* input : inputs) {
    num_tokens += input->num_tokens();
    num_decoder_tokens += input->decoder.num_tokens();
    outputs.insert(input->outputs.begin(), input->outputs.end());
  }
  Reserve(num_tokens, batch);
  Reserve(num_decoder_tokens, batch.decoder);
  for (const InferenceInput* input : inputs) {
    AppendRows(*input, architecture, batch);
    AppendRows(input->decoder, architecture, batch.decoder);
    batch.pixel_values.insert(batch.pixel_values.end(),
                              input->pixel_values.begin(),
                              input->pixel_values.end());
  }
  batch.outputs.assign(outputs.begin(), outputs.end());
  return batch;
}

std::vector<int64_t> PairOffsets(const PackedRows& queries,
                                 const PackedRows& keys) {
  std::vector<int64_t> offsets = {0};
  for (int64_t s = 0; s < queries.num_sequences(); ++s) {
    offsets.push_back(offsets.back() + queries.length(s) * keys.length(s));
  }
  return offsets;
}

std::vector<InferenceOutput> Unpack(
    const PackedOutputs& outputs, const PackedBatch& batch,
    absl::Span<const InferenceInput* const> inputs,
    const Signature& signature) {
  CHECK_EQ(outputs.size(), batch.outputs.size());
  std::vector<std::vector<int64_t>> pair_offsets;  // of each packed output
  for (const int index : batch.outputs) {
    pair_offsets.push_back(PairOffsetsOf(signature.outputs[index], batch));
  }
  std::vector<InferenceOutput> answers;
  answers.reserve(inputs.size());
  int64_t first = 0;  // sequence of the request's first row
  for (const InferenceInput* input : inputs) {
    InferenceOutput& answer = answers.emplace_back();
    answer.reserve(input->outputs.size());
    for (int index : input->outputs) {
      const auto place =
          std::lower_bound(batch.outputs.begin(), batch.outputs.end(), index) -
          batch.outputs.begin();
      answer.push_back(UnpackOutput(outputs[place], signature.outputs[index],
                                    first, batch, pair_offsets[place], *input));
    }
    first += input->batch;
  }
  return answers;
}

}  // namespace transformerd
