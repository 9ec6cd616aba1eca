#include "model/runtime/model_load.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checkpoint.h"
#include "model/config/config_reader.h"
#include "model/reference/reference_executor.h"
#include "model/runtime/make_signature.h"
#include "model/runtime/stream_weights.h"

namespace transformerd {
namespace {

// The floating-point dtype that most bytes of the checkpoint have.
DType PrevailingDType(absl::Span<const CheckpointEntry> entries) {
  std::map<DType, int64_t> bytes;
  for (const CheckpointEntry& entry : entries) {
    if (IsFloatingPoint(entry.dtype)) bytes[entry.dtype] += entry.size_bytes;
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? DType::kF32 : most->first;
}

bool CpuHasBfloat16() { return __builtin_cpu_supports("avx512bf16"); }

// What a CPU computes in for a checkpoint of dtype `dtype`.
DType CpuDType(DType dtype) {
  switch (dtype) {
    case DType::kBF16:
      return DType::kBF16;
    case DType::kF16:
      return CpuHasBfloat16() ? DType::kBF16 : DType::kF32;
    default:
      return DType::kF32;
  }
}

bool IsPoolerLoaded(const Transformer& transformer) {
  return transformer.pooler().has_value() &&
         transformer.pooler()->weight->is_filled();
}

}  // namespace

ModelLoad::ModelLoad(const LoadRequest& request, const WorkerLayout& workers,
                     LoadControl& control)
    : request_(request),
      workers_(workers),
      control_(control),
      parts_(std::make_unique<PackedModelParts>()) {}

absl::StatusOr<std::unique_ptr<LoadedModel>> ModelLoad::Run() {
  LoadReport& report = parts_->report;
  control_.SetPhase(LoadPhase::kPlan);
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(ReadConfig());
  RETURN_IF_ERROR(MakePlan());
  const absl::Time planned = absl::Now();
  RETURN_IF_ERROR(Stream());
  const absl::Time streamed = absl::Now();
  control_.SetPhase(LoadPhase::kWarmUp);
  MakeSignatureAndExecutors();
  Report();
  report.plan_time = planned - start;
  report.stream_time = streamed - planned;
  PackedModelParts* const parts = parts_.get();
  model_ = std::make_unique<PackedModel>(std::move(parts_));
  RETURN_IF_ERROR(WarmUp());
  parts->report.warm_up_time = absl::Now() - streamed;
  control_.SetPhase(LoadPhase::kDone);
  return std::move(model_);
}

absl::Status ModelLoad::ReadConfig() {
  const LoadOptions& options = request_.options;
  ASSIGN_OR_RETURN(
      ConfigReader config,
      ConfigReader::FromFile(absl::StrCat(request_.directory, "/config.json")));
  if (!options.config_override.empty()) {
    ASSIGN_OR_RETURN(config, config.Merged(options.config_override));
  }
  ASSIGN_OR_RETURN(ParsedModel parsed,
                   ParseModel(config, options.architecture));
  family_ = parsed.family;
  parts_->architecture = std::move(parsed.architecture);
  Architecture& architecture = parts_->architecture;
  if (options.num_hidden_layers) {
    const int64_t wanted = *options.num_hidden_layers;
    if (wanted < 0 || wanted > architecture.num_hidden_layers) {
      return WithField(absl::InvalidArgumentError(absl::StrCat(
                           "num_hidden_layers=", wanted, ", expected 0 to ",
                           architecture.num_hidden_layers)),
                       "num_hidden_layers");
    }
    architecture.num_hidden_layers = wanted;
  }
  ASSIGN_OR_RETURN(sentence_config_,
                   ReadSentenceTransformersConfig(request_.directory));
  return absl::OkStatus();
}

absl::StatusOr<DType> ModelLoad::ChooseDType() const {
  if (!request_.options.dtype) {
    return CpuDType(PrevailingDType(reader_->entries()));
  }
  const DType dtype = *request_.options.dtype;
  if (dtype != DType::kF32 && dtype != DType::kBF16) {
    return WithField(
        WithReason(absl::InvalidArgumentError(absl::StrCat(
                       "dtype ", NameOf(dtype),
                       " cannot be computed on a CPU, expected F32 or BF16")),
                   Reason::kUnsupported),
        "dtype");
  }
  return dtype;
}

absl::Status ModelLoad::MakePlan() {
  const Architecture& architecture = parts_->architecture;
  ASSIGN_OR_RETURN(reader_, OpenCheckpoint(request_.directory));
  ASSIGN_OR_RETURN(dtype_, ChooseDType());
  parts_->replicas.resize(workers_.num_replicas());
  for (Replica& replica : parts_->replicas) {
    replica.transformer = std::make_unique<Transformer>(architecture, dtype_);
  }
  const auto& slots = parts_->replicas.front().transformer->slots();
  ASSIGN_OR_RETURN(
      name_map_, NameMap::Create(*family_, architecture, slots,
                                 reader_->entries(), request_.options.ignore));
  LoadPlanOptions options;
  options.architecture = architecture.class_name;
  options.strict = request_.options.strict;
  options.initializer_range = architecture.initializer_range;
  ASSIGN_OR_RETURN(LoadPlan plan, LoadPlan::Create(slots, reader_->entries(),
                                                   name_map_, options));
  plan_ = std::make_unique<LoadPlan>(std::move(plan));
  return absl::OkStatus();
}

absl::Status ModelLoad::Stream() {
  return StreamWeights(*plan_, *reader_, workers_, control_, parts_->replicas,
                       parts_->report);
}

void ModelLoad::MakeSignatureAndExecutors() {
  ReferenceExecutorOptions options;
  options.num_threads = workers_.threads_per_worker;
  options.normalize = sentence_config_.normalize;
  options.pooling = request_.options.pooling.value_or(
      sentence_config_.pooling.value_or(PoolingKind::kMean));
  const Transformer& first = *parts_->replicas.front().transformer;
  parts_->signature = MakeSignature(parts_->architecture, IsPoolerLoaded(first),
                                    options.pooling);
  for (int worker = 0; worker < workers_.num_workers; ++worker) {
    const int replica = workers_.private_replicas ? worker : 0;
    parts_->executors.push_back(MakeReferenceExecutor(
        parts_->architecture, *parts_->replicas[replica].transformer,
        parts_->signature, options));
  }
  parts_->properties = {
      {"engine", "reference"},
      {"dtype", std::string(NameOf(dtype_))},
      {"family", parts_->architecture.family},
      {"class", parts_->architecture.class_name},
      {"pooling", std::string(NameOf(options.pooling))},
      {"replicas", absl::StrCat(workers_.num_replicas())},
      {"loading_strategy", std::string(NameOf(workers_.loading_strategy))},
      {"transport", std::string(NameOf(workers_.transport))},
  };
}

void ModelLoad::Report() {
  LoadReport& report = parts_->report;
  report.parameters = plan_->num_parameters();
  report.weight_bytes = plan_->arena_bytes();
  report.replicas = workers_.num_replicas();
  report.unused_keys = name_map_.unused;
  report.warnings = name_map_.warnings;
}

absl::Status ModelLoad::WarmUp() {
  InferenceInput input;
  input.batch = 1;
  input.width = 1;
  input.input_ids = {0};
  input.lengths = {1};
  const auto& outputs = model_->signature().outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].is_default) input.outputs.push_back(static_cast<int>(i));
  }
  const InferenceInput* batch[] = {&input};
  for (int worker = 0; worker < workers_.num_workers; ++worker) {
    RETURN_IF_ERROR(control_.CheckNotCancelled());
    RETURN_IF_ERROR(model_->Run(worker, batch).status());
  }
  return absl::OkStatus();
}

}  // namespace transformerd
