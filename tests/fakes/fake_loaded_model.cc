#include "tests/fakes/fake_loaded_model.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "tests/fakes/fake_tokenizer.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 2;
constexpr float kStep = 0.5f;

enum Output { kLastHiddenState = 0, kSentenceEmbedding = 1 };

// Calls visit(row, token, channel, value) for every number that is computed.
template <typename Visitor>
void ForEachValue(const InferenceInput& input, Visitor visit) {
  size_t i = 0;
  for (int64_t row = 0; row < input.batch; ++row) {
    for (int64_t token = 0; token < input.lengths[row]; ++token, ++i) {
      if (!input.attention_mask.empty() && input.attention_mask[i] == 0) {
        continue;
      }
      for (int64_t channel = 0; channel < kHidden; ++channel) {
        visit(row, token, channel,
              static_cast<float>(input.input_ids[i]) +
                  kStep * static_cast<float>(channel));
      }
    }
  }
}

HostTensor LastHiddenState(const InferenceInput& input) {
  HostTensor tensor(DType::kF32, {input.batch, input.width, kHidden});
  absl::Span<float> values = tensor.as<float>();
  ForEachValue(
      input, [&](int64_t row, int64_t token, int64_t channel, float value) {
        values[(row * input.width + token) * kHidden + channel] = value;
      });
  return tensor;
}

HostTensor SentenceEmbedding(const InferenceInput& input) {
  HostTensor tensor(DType::kF32, {input.batch, kHidden});
  absl::Span<float> values = tensor.as<float>();
  ForEachValue(input, [&](int64_t row, int64_t, int64_t channel, float value) {
    values[row * kHidden + channel] += value;
  });
  return tensor;
}

OutputSpec MakeOutput(absl::string_view name, OutputKind kind,
                      OutputRows rows) {
  OutputSpec output;
  output.name = std::string(name);
  output.kind = kind;
  output.rows = rows;
  output.row_shape = {kHidden};
  output.is_default = true;
  return output;
}

Signature MakeSignature() {
  Signature signature;
  signature.inputs = {{"input_ids", /*optional=*/false, 100},
                      {"attention_mask", /*optional=*/true, 2},
                      {"token_type_ids", /*optional=*/true, 2}};
  signature.outputs = {
      MakeOutput("last_hidden_state", OutputKind::kLastHiddenState,
                 OutputRows::kToken),
      MakeOutput("sentence_embedding", OutputKind::kSentenceEmbedding,
                 OutputRows::kSequence)};
  signature.max_sequence_length = 16;
  return signature;
}

void AddText(Signature& signature) {
  signature.inputs.front().optional = true;
  for (const char* name : {"text", "text_pair"}) {
    InputSpec& text = signature.inputs.emplace_back();
    text.name = name;
    text.kind = InputKind::kText;
  }
  signature.max_text_tokens = 8;
}

LoadReport MakeReport() {
  LoadReport report;
  report.phases = {{LoadPhase::kPlan, absl::Milliseconds(1)},
                   {LoadPhase::kStream, absl::Milliseconds(2)},
                   {LoadPhase::kWarmUp, absl::Milliseconds(3)}};
  report.parameters = 250;
  report.weight_bytes = 1000;
  report.replicas = 1;
  report.bytes_read = 1000;
  report.device_bytes = {{"cpu", 1000}};
  return report;
}

}  // namespace

void FakeModelControl::Block() {
  absl::MutexLock lock(&mutex_);
  blocked_ = true;
}

void FakeModelControl::Unblock() {
  absl::MutexLock lock(&mutex_);
  blocked_ = false;
}

void FakeModelControl::TakeText() {
  absl::MutexLock lock(&mutex_);
  takes_text_ = true;
}

bool FakeModelControl::takes_text() const {
  absl::MutexLock lock(&mutex_);
  return takes_text_;
}

void FakeModelControl::BlockTexts() {
  absl::MutexLock lock(&mutex_);
  texts_are_blocked_ = true;
}

void FakeModelControl::UnblockTexts() {
  absl::MutexLock lock(&mutex_);
  texts_are_blocked_ = false;
}

void FakeModelControl::AwaitTexts(int count) const {
  const auto have_begun = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return num_texts_ >= count;
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&have_begun));
}

int FakeModelControl::num_texts() const {
  absl::MutexLock lock(&mutex_);
  return num_texts_;
}

void FakeModelControl::BeginText() {
  absl::MutexLock lock(&mutex_);
  ++num_texts_;
  const auto is_free = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !texts_are_blocked_;
  };
  mutex_.Await(absl::Condition(&is_free));
}

void FakeModelControl::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeModelControl::AwaitBatches(int count) const {
  const auto have_begun = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return static_cast<int>(batches_.size()) >= count;
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&have_begun));
}

std::vector<FakeModelControl::Batch> FakeModelControl::batches() const {
  absl::MutexLock lock(&mutex_);
  return batches_;
}

std::vector<std::vector<int64_t>> FakeModelControl::first_ids() const {
  std::vector<std::vector<int64_t>> first_ids;
  for (const Batch& batch : batches()) first_ids.push_back(batch.first_ids);
  return first_ids;
}

int FakeModelControl::live_models() const {
  absl::MutexLock lock(&mutex_);
  return live_models_;
}

absl::Status FakeModelControl::Begin(
    int worker, absl::Span<const InferenceInput* const> batch) {
  Batch record;
  record.worker = worker;
  for (const InferenceInput* input : batch) {
    record.first_ids.push_back(input->input_ids[0]);
  }
  absl::MutexLock lock(&mutex_);
  batches_.push_back(std::move(record));
  const auto is_free = [this]()
                           ABSL_NO_THREAD_SAFETY_ANALYSIS { return !blocked_; };
  mutex_.Await(absl::Condition(&is_free));
  return failure_;
}

FakeLoadedModel::FakeLoadedModel(std::shared_ptr<FakeModelControl> control)
    : control_(std::move(control)),
      signature_(MakeSignature()),
      report_(MakeReport()) {
  if (control_->takes_text()) {
    AddText(signature_);
    tokenizer_ = std::make_unique<FakeTokenizer>(
        [control = control_] { control->BeginText(); });
  }
  absl::MutexLock lock(&control_->mutex_);
  ++control_->live_models_;
}

FakeLoadedModel::~FakeLoadedModel() {
  absl::MutexLock lock(&control_->mutex_);
  --control_->live_models_;
}

std::map<std::string, std::string> FakeLoadedModel::properties() const {
  return {{"engine", "fake"}};
}

absl::StatusOr<std::vector<InferenceOutput>> FakeLoadedModel::Run(
    int worker, absl::Span<const InferenceInput* const> batch) {
  absl::Status status = control_->Begin(worker, batch);
  if (!status.ok()) return status;
  std::vector<InferenceOutput> answers;
  for (const InferenceInput* input : batch) answers.push_back(AnswerTo(*input));
  return answers;
}

InferenceOutput FakeLoadedModel::AnswerTo(const InferenceInput& input) {
  InferenceOutput answer;
  for (int output : input.outputs) {
    answer.push_back(output == kLastHiddenState ? LastHiddenState(input)
                                                : SentenceEmbedding(input));
  }
  return answer;
}

InferenceInput MakeInput(std::vector<int64_t> ids) {
  InferenceInput input;
  input.batch = 1;
  input.width = static_cast<int64_t>(ids.size());
  input.lengths = {input.width};
  input.input_ids = std::move(ids);
  input.outputs = {kLastHiddenState, kSentenceEmbedding};
  return input;
}

}  // namespace transformerd
