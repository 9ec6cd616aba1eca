#include "model/runtime/pipeline.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/runtime/seed_signature.h"

namespace transformerd {
namespace {

constexpr char kStates[] = "hidden_states";
constexpr char kSharedMask[] = "attention_mask";

absl::Status Refuse(absl::string_view why) {
  return LoadError(Reason::kConfigInvalid, why);
}

// Whether a part can work on what the one before it gives.
absl::Status CheckFollows(const std::string& before_title,
                          const Signature& before, const std::string& title,
                          const Signature& part) {
  const InputSpec& input = part.inputs.front();
  if (input.name != kStates) {
    return Refuse(absl::StrCat(title, " cannot stand behind ", before_title,
                               ": it takes ", input.name, ", not ", kStates));
  }
  const OutputSpec& output = before.outputs.front();
  const Shape& shape = input.tensor.shapes.front();
  if (shape.back() == kWidth) {
    return Refuse(absl::StrCat(title, " cannot stand behind ", before_title,
                               ": it can only be the whole model"));
  }
  if (output.row_shape == shape) return absl::OkStatus();
  return Refuse(absl::StrCat(title, " takes ", kStates, " ", NameOfShape(shape),
                             ", but ", before_title, " gives ", output.name,
                             " ", NameOfShape(output.row_shape)));
}

// Puts the signatures of the parts together.
class PipelineMaker {
 public:
  void AddInputs(int index) {
    Pipeline::Part& part = pipeline_.parts[index];
    for (size_t i = 0; i < part.signature.inputs.size(); ++i) {
      const InputSpec& input = part.signature.inputs[i];
      if (index > 0 && i == 0) {
        part.inputs.push_back(Pipeline::kFromBefore);
      } else if (input.name == kSharedMask) {
        part.inputs.push_back(ShareMask(input));
      } else {
        part.inputs.push_back(Add(input, NameOf(index, input.name)));
      }
    }
  }

  void AddOutputs(int index, bool is_last) {
    const Signature& part = pipeline_.parts[index].signature;
    for (size_t i = 0; i < part.outputs.size(); ++i) {
      OutputSpec output = part.outputs[i];
      if (!is_last) {
        output.name = absl::StrCat(PartPrefix(index), output.name);
        output.is_default = false;
      }
      output.needs = NeedsOf(index, output.needs);
      pipeline_.signature.outputs.push_back(std::move(output));
      pipeline_.outputs.push_back({index, static_cast<int>(i)});
    }
  }

  Pipeline Make(std::vector<Pipeline::Part> parts) {
    pipeline_.parts = std::move(parts);
    Signature& signature = pipeline_.signature;
    signature.takes_tensors = true;
    signature.max_sequence_length =
        pipeline_.parts.front().signature.max_sequence_length;
    const int num_parts = static_cast<int>(pipeline_.parts.size());
    for (int i = 0; i < num_parts; ++i) {
      signature.max_sequence_length =
          std::min(signature.max_sequence_length,
                   pipeline_.parts[i].signature.max_sequence_length);
      AddInputs(i);
    }
    AddOutputs(num_parts - 1, /*is_last=*/true);
    for (int i = 0; i + 1 < num_parts; ++i) AddOutputs(i, /*is_last=*/false);
    return std::move(pipeline_);
  }

 private:
  static std::string NameOf(int part, absl::string_view name) {
    return part == 0 ? std::string(name) : absl::StrCat(PartPrefix(part), name);
  }

  // "a|b" by the names of the pipeline.
  static std::string NeedsOf(int part, const std::string& needs) {
    if (needs.empty()) return needs;
    return absl::StrJoin(absl::StrSplit(needs, '|'), "|",
                         [part](std::string* out, absl::string_view name) {
                           out->append(NameOf(part, name));
                         });
  }

  int Add(InputSpec input, std::string name) {
    input.name = std::move(name);
    pipeline_.signature.inputs.push_back(std::move(input));
    return static_cast<int>(pipeline_.signature.inputs.size()) - 1;
  }

  // One mask for all, of the shapes that all of them take.
  int ShareMask(const InputSpec& mask) {
    std::vector<InputSpec>& inputs = pipeline_.signature.inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].name != kSharedMask) continue;
      std::vector<Shape>& shapes = inputs[i].tensor.shapes;
      shapes.erase(std::remove_if(shapes.begin(), shapes.end(),
                                  [&](const Shape& shape) {
                                    return !absl::c_linear_search(
                                        mask.tensor.shapes, shape);
                                  }),
                   shapes.end());
      CHECK(!shapes.empty()) << "every mask may be [batch,tokens]";
      return static_cast<int>(i);
    }
    return Add(mask, kSharedMask);
  }

  Pipeline pipeline_;
};

class PipelineExecutor : public TensorExecutor {
 public:
  PipelineExecutor(std::shared_ptr<const Pipeline> pipeline,
                   const MakePartExecutor& make_executor)
      : pipeline_(std::move(pipeline)) {
    for (size_t i = 0; i < pipeline_->parts.size(); ++i) {
      executors_.push_back(
          make_executor(static_cast<int>(i), pipeline_->parts[i].signature));
    }
  }

  absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) override {
    std::vector<std::vector<int>> wanted(executors_.size());
    int last = 0;
    for (const int output : input.outputs) {
      const Pipeline::Output& source = pipeline_->outputs[output];
      wanted[source.part].push_back(source.output);
      last = std::max(last, source.part);
    }
    std::vector<InferenceOutput> answers(executors_.size());
    HostTensor states;
    for (int part = 0; part <= last; ++part) {
      InferenceInput part_input = InputOf(part, input, std::move(states));
      part_input.outputs = wanted[part];
      if (part < last) part_input.outputs.push_back(0);  // for the next one
      absl::StatusOr<InferenceOutput> answer =
          executors_[part]->Run(part_input);
      if (!answer.ok()) {
        return Annotate(answer.status(), absl::StrCat("parts.", part));
      }
      answers[part] = *std::move(answer);
      if (part == last) continue;
      states = std::move(answers[part].back());
      answers[part].pop_back();
    }
    return Collect(input.outputs, std::move(answers));
  }

 private:
  InferenceInput InputOf(int part, const InferenceInput& input,
                         HostTensor states) const {
    InferenceInput made;
    made.batch = input.batch;
    made.width = input.width;
    made.lengths = input.lengths;
    made.extents = input.extents;
    for (const int source : pipeline_->parts[part].inputs) {
      if (source == Pipeline::kFromBefore) {
        made.tensors.emplace_back(std::move(states));
      } else {
        made.tensors.push_back(input.tensors[source]);
      }
    }
    return made;
  }

  // What was wanted, in the order in which it was.
  InferenceOutput Collect(const std::vector<int>& outputs,
                          std::vector<InferenceOutput> answers) const {
    InferenceOutput collected;
    std::vector<size_t> taken(answers.size(), 0);
    for (const int output : outputs) {
      const int part = pipeline_->outputs[output].part;
      collected.push_back(std::move(answers[part][taken[part]++]));
    }
    return collected;
  }

  const std::shared_ptr<const Pipeline> pipeline_;
  std::vector<std::unique_ptr<TensorExecutor>> executors_;
};

}  // namespace

absl::StatusOr<Pipeline> MakePipeline(absl::Span<const Architecture> parts,
                                      absl::Span<const std::string> titles) {
  CHECK(!parts.empty());
  CHECK_EQ(parts.size(), titles.size());
  std::vector<Pipeline::Part> made;
  for (size_t i = 0; i < parts.size(); ++i) {
    made.push_back({MakeSeedSignature(parts[i]), {}});
    if (i == 0) continue;
    RETURN_IF_ERROR(CheckFollows(titles[i - 1], made[i - 1].signature,
                                 titles[i], made[i].signature));
  }
  return PipelineMaker().Make(std::move(made));
}

std::unique_ptr<TensorExecutor> MakePipelineExecutor(
    std::shared_ptr<const Pipeline> pipeline,
    const MakePartExecutor& make_executor) {
  return std::make_unique<PipelineExecutor>(std::move(pipeline), make_executor);
}

}  // namespace transformerd
