// A model without weights, whose answers a test can work out by hand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "model/runtime/loaded_model.h"

namespace transformerd {

// What tests see of, and do to, fake models. Shared by a test and the models
// under it, which it outlives or not. Thread-safe.
class FakeModelControl {
 public:
  // One call of LoadedModel::Run.
  struct Batch {
    int worker = 0;
    // Token 0 of the first row of each request: enough to tell requests apart.
    std::vector<int64_t> first_ids;
  };

  // Calls of Run wait between the two.
  void Block();
  void Unblock();
  // Models that are made from now on take text, by a FakeTokenizer; texts may
  // have 8 tokens.
  void TakeText();
  // Texts wait to become tokens between the two.
  void BlockTexts();
  void UnblockTexts();
  // Run fails with this from now on; an OK status heals.
  void FailWith(absl::Status status);

  // Blocks until `count` calls of Run have begun, over all time.
  void AwaitBatches(int count) const;
  // Blocks until `count` texts have begun to become tokens, over all time.
  void AwaitTexts(int count) const;
  int num_texts() const;
  // All calls of Run that have begun, in that order.
  std::vector<Batch> batches() const;
  // Their first ids alone.
  std::vector<std::vector<int64_t>> first_ids() const;
  // Models in memory.
  int live_models() const;

 private:
  friend class FakeLoadedModel;

  bool takes_text() const;
  void BeginText();

  absl::Status Begin(int worker, absl::Span<const InferenceInput* const> batch);

  mutable absl::Mutex mutex_;
  bool blocked_ ABSL_GUARDED_BY(mutex_) = false;
  bool takes_text_ ABSL_GUARDED_BY(mutex_) = false;
  bool texts_are_blocked_ ABSL_GUARDED_BY(mutex_) = false;
  int num_texts_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<Batch> batches_ ABSL_GUARDED_BY(mutex_);
  int live_models_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Inputs input_ids (0..99), attention_mask and token_type_ids; rows of up to 16
// tokens. Outputs, both default:
//   0 last_hidden_state [batch, tokens, 2]: id + {0, 0.5}, zero under mask 0
//   1 sentence_embedding [batch, 2]: their sum over the row's tokens
class FakeLoadedModel : public LoadedModel {
 public:
  explicit FakeLoadedModel(std::shared_ptr<FakeModelControl> control =
                               std::make_shared<FakeModelControl>());
  ~FakeLoadedModel() override;

  const Signature& signature() const override { return signature_; }
  const Architecture& architecture() const override { return architecture_; }
  const LoadReport& report() const override { return report_; }
  const Tokenizer* tokenizer() const override { return tokenizer_.get(); }
  std::map<std::string, std::string> properties() const override;
  absl::StatusOr<std::vector<InferenceOutput>> Run(
      int worker, absl::Span<const InferenceInput* const> batch) override;

  FakeModelControl& control() { return *control_; }

  // The answer of every fake model to one request.
  static InferenceOutput AnswerTo(const InferenceInput& input);

 private:
  const std::shared_ptr<FakeModelControl> control_;
  Signature signature_;
  Architecture architecture_;
  LoadReport report_;
  std::unique_ptr<const Tokenizer> tokenizer_;
};

// A request of one row with these ids, asking for both outputs.
InferenceInput MakeInput(std::vector<int64_t> ids);

}  // namespace transformerd
