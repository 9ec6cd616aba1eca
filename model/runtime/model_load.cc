#include "model/runtime/model_load.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/memory.h"
#include "model/config/config_reader.h"
#include "model/loading/mismatch_report.h"
#include "model/loading/tied_weights.h"
#include "model/reference/seed/seed_executor.h"
#include "model/runtime/backbone.h"
#include "model/runtime/dtype_choice.h"
#include "model/runtime/make_signature.h"
#include "model/runtime/pipeline.h"
#include "model/runtime/read_module.h"
#include "model/runtime/stream_weights.h"
#include "model/runtime/tensor_model.h"
#include "model/runtime/warm_up.h"
#include "model/text/tokenizer_json.h"

namespace transformerd {
namespace {

bool HasPooler(const Architecture& architecture,
               const Transformer& transformer) {
  if (!architecture.pooler || !architecture.pooler_dense) {
    return architecture.pooler;
  }
  return transformer.pooler()->weight->is_filled();
}

// Where a checkpoint does not fit because the part that was asked for is not
// in it, that is what the caller needs to know first.
absl::Status Explain(const NameMap& name_map, const absl::Status& status) {
  if (status.ok() || !name_map.lacks_relevant_module) return status;
  constexpr char kWhy[] = "no key stands under relevant_module";
  return WithFullReport(Annotate(status, kWhy),
                        absl::StrCat(kWhy, ": ", FullReportOf(status)));
}

// "3 parameters ...: a, b, c" for people; nothing for no keys.
void Warn(const std::vector<std::string>& keys, absl::string_view what,
          std::vector<std::string>& warnings) {
  constexpr size_t kShown = 10;
  if (keys.empty()) return;
  const size_t shown = std::min(kShown, keys.size());
  std::string warning = absl::StrCat(keys.size(), " ", what, ": ");
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&warning, i > 0 ? ", " : "", Quoted(keys[i]));
  }
  if (shown < keys.size()) absl::StrAppend(&warning, ", ...");
  warnings.push_back(std::move(warning));
}

}  // namespace

ModelLoad::ModelLoad(const LoadRequest& request, const WorkerLayout& workers,
                     LoadControl& control, const WrapExecutor& wrap_executor)
    : request_(request),
      workers_(workers),
      control_(control),
      wrap_executor_(wrap_executor),
      parts_(std::make_unique<PackedModelParts>()) {}

absl::StatusOr<std::unique_ptr<LoadedModel>> ModelLoad::Run() {
  control_.SetPhase(LoadPhase::kPlan);
  RETURN_IF_ERROR(ReadConfig());
  RETURN_IF_ERROR(MakePlan());
  if (request_.admit) RETURN_IF_ERROR(request_.admit(host_memory_));
  ASSIGN_OR_RETURN(
      parts_->device_room,
      workers_.device_room.Reserve(workers_.devices, plan_->arena_bytes()));
  RETURN_IF_ERROR(Stream());
  control_.SetPhase(LoadPhase::kWarmUp);
  RETURN_IF_ERROR(BindSlotsToWeights());
  MakeSignatureAndExecutors();
  Report();
  PackedModelParts* const parts = parts_.get();
  if (parts->signature.takes_tensors) {
    model_ = std::make_unique<TensorModel>(std::move(parts_),
                                           std::move(tensor_executors_));
  } else {
    model_ = std::make_unique<PackedModel>(std::move(parts_));
  }
  RETURN_IF_ERROR(WarmUp(*model_, workers_.num_workers(), control_));
  control_.SetPhase(LoadPhase::kDone);
  parts->report.phases = control_.progress().phases;
  parts->report.peak_process_bytes = control_.peak_process_bytes();
  return std::move(model_);
}

absl::Status ModelLoad::ReadConfig() {
  const LoadOptions& options = request_.options;
  if (!options.parts.empty()) return ReadPartConfigs();
  ASSIGN_OR_RETURN(DescribedModule module,
                   ReadModule(request_.directory, options));
  if (!options.load_weights) {
    ASSIGN_OR_RETURN(config_dtype_, DTypeOfConfig(module.config));
  }
  ParsedModel& parsed = module.parsed;
  family_ = parsed.family;
  parts_->architecture = std::move(parsed.architecture);
  ASSIGN_OR_RETURN(sentence_config_,
                   ReadSentenceTransformersConfig(request_.directory));
  // Bare modules take what AllenNLP's do.
  if (parts_->architecture.is_bare) return absl::OkStatus();
  TokenizerOptions text;
  text.lower_case = sentence_config_.lower_case;
  ASSIGN_OR_RETURN(parts_->tokenizer, ReadTokenizer(request_.directory, text));
  return absl::OkStatus();
}

absl::Status ModelLoad::ReadPartConfigs() {
  ASSIGN_OR_RETURN(described_parts_, ReadParts(request_.options));
  parts_->architecture = described_parts_.architecture;
  if (!request_.options.load_weights) {
    ASSIGN_OR_RETURN(config_dtype_,
                     DTypeOfConfig(described_parts_.configs.front()));
  }
  return absl::OkStatus();
}

absl::Status ModelLoad::OpenWeights() {
  const LoadOptions& options = request_.options;
  // A module without parameters has no file.
  const bool has_parameters =
      !options.parts.empty() ||
      !Transformer(parts_->architecture, DType::kF32).slots().empty();
  if (!options.load_weights || !has_parameters) {
    checkpoint_ = std::make_unique<MemoryCheckpoint>();
  } else if (!options.parts.empty()) {
    ASSIGN_OR_RETURN(opened_parts_, OpenParts(options.parts));
  } else if (options.weights_path.empty()) {
    ASSIGN_OR_RETURN(checkpoint_, OpenCheckpoint(request_.directory));
  } else {
    ASSIGN_OR_RETURN(checkpoint_, OpenCheckpointFile(request_.directory,
                                                     options.weights_path));
  }
  if (workers_.bandwidth_limit != nullptr) {
    throttled_ = std::make_unique<ThrottledReader>(
        unthrottled(), *workers_.bandwidth_limit, control_);
  }
  return absl::OkStatus();
}

const CheckpointReader& ModelLoad::unthrottled() const {
  if (checkpoint_ != nullptr) return *checkpoint_;
  return *opened_parts_.checkpoint;
}

const CheckpointReader& ModelLoad::reader() const {
  if (throttled_ != nullptr) return *throttled_;
  return unthrottled();
}

absl::StatusOr<DType> ModelLoad::ChooseDType() const {
  if (!request_.options.dtype) {
    const DType dtype = request_.options.load_weights
                            ? PrevailingDType(reader().entries())
                            : config_dtype_;
    return DTypeOn(workers_.devices.front(), dtype,
                   kernels::DetectCpuFeatures());
  }
  const DType dtype = *request_.options.dtype;
  if (dtype != DType::kF32 && dtype != DType::kBF16 && dtype != DType::kF16 &&
      dtype != DType::kI8) {
    return WithField(
        WithReason(
            absl::InvalidArgumentError(absl::StrCat(
                "dtype ", NameOf(dtype),
                " cannot be computed in, expected F32, BF16, F16 or I8")),
            Reason::kUnsupported),
        "dtype");
  }
  return dtype;
}

absl::Status ModelLoad::MatchNames() {
  const Architecture& architecture = parts_->architecture;
  const LoadOptions& asked = request_.options;
  RETURN_IF_ERROR(OpenWeights());
  ASSIGN_OR_RETURN(dtype_, ChooseDType());
  ASSIGN_OR_RETURN(engine_, Engine::Choose(workers_.engine, architecture,
                                           dtype_, workers_.devices.front(),
                                           kernels::DetectCpuFeatures()));
  parts_->replicas.resize(workers_.num_replicas());
  for (size_t i = 0; i < parts_->replicas.size(); ++i) {
    Replica& replica = parts_->replicas[i];
    replica.device = workers_.devices[i];
    replica.transformer =
        std::make_unique<Transformer>(architecture, engine_.parameter_dtype());
    engine_.Reserve(architecture, *replica.transformer);
  }
  const auto& slots = parts_->replicas.front().transformer->slots();
  if (!asked.load_weights) {
    name_map_ = NameMap::WithoutCheckpoint(slots);
  } else if (!asked.parts.empty()) {
    ASSIGN_OR_RETURN(MatchedParts matched,
                     MatchParts(asked.parts, described_parts_, opened_parts_,
                                engine_.parameter_dtype()));
    name_map_ = std::move(matched.name_map);
    part_mismatch_ = std::move(matched.mismatch);
  } else {
    ASSIGN_OR_RETURN(name_map_,
                     NameMap::Create(*family_, slots, reader().entries(),
                                     NameMapFor(asked, architecture)));
  }
  return absl::OkStatus();
}

MismatchReport ModelLoad::Mismatches() const {
  if (!request_.options.parts.empty()) return part_mismatch_;
  return FindMismatches(parts_->replicas.front().transformer->slots(),
                        reader().entries(), name_map_, PlanOptions());
}

LoadPlanOptions ModelLoad::PlanOptions() const {
  LoadPlanOptions options;
  options.architecture = parts_->architecture.class_name;
  // Parts are as strict as each of them says, and were looked at before.
  options.strict = request_.options.strict && request_.options.parts.empty();
  options.initializer_range = parts_->architecture.initializer_range;
  return options;
}

absl::Status ModelLoad::MakePlan() {
  RETURN_IF_ERROR(MatchNames());
  const auto& slots = parts_->replicas.front().transformer->slots();
  RETURN_IF_ERROR(Explain(name_map_, ToStatus(Mismatches())));
  TieSharedTensors(slots, reader().entries(), name_map_);
  ASSIGN_OR_RETURN(LoadPlan plan, LoadPlan::Create(slots, reader().entries(),
                                                   name_map_, PlanOptions()));
  plan_ = std::make_unique<LoadPlan>(std::move(plan));
  return CountHostMemory();
}

absl::Status ModelLoad::Stream() {
  return StreamWeights(*plan_, reader(), workers_, control_, parts_->replicas,
                       parts_->report);
}

absl::Status ModelLoad::BindSlotsToWeights() {
  std::vector<Replica>& replicas = parts_->replicas;
  // Arenas of all replicas hold the same bits.
  const auto& slots = replicas.front().transformer->slots();
  const TiedCopies copies =
      CompareTiedCopies(slots, name_map_, *plan_, *replicas.front().arena);
  for (Replica& replica : replicas) {
    RETURN_IF_ERROR(BindSlotsOf(replica, copies.equal));
  }
  LoadReport& report = parts_->report;
  report.weight_bytes = workers_.is_on_gpus()
                            ? plan_->arena_bytes()
                            : replicas.front().arena->held_bytes();
  report.parameters = plan_->num_parameters();
  for (const SlotTie& copy : copies.equal) {
    report.parameters -= *NumElements(slots[copy.slot]->shape());
  }
  report.warnings = copies.warnings;
  return absl::OkStatus();
}

absl::Status ModelLoad::BindSlotsOf(Replica& replica,
                                    absl::Span<const SlotTie> ties) {
  const auto& slots = replica.transformer->slots();
  if (replica.device_memory != nullptr) {
    BindSlots(*plan_, replica.device_memory->bytes(), slots, ties,
              replica.device);
    replica.arena.reset();  // of a reader
    return absl::OkStatus();
  }
  BindSlots(*plan_, replica.arena->bytes(), slots, ties);
  DiscardCopies(slots, ties, *plan_, *replica.arena);
  return engine_.Prepare(parts_->architecture, control_, replica);
}

void ModelLoad::MakeSignatureAndExecutors() {
  ExecutorOptions options;
  options.num_threads = workers_.threads_per_worker;
  options.normalize = sentence_config_.normalize;
  options.pooling = request_.options.pooling.value_or(
      sentence_config_.pooling.value_or(PoolingKind::kMean));
  ModelSurroundings surroundings;
  surroundings.has_pooler =
      HasPooler(parts_->architecture, *parts_->replicas.front().transformer);
  surroundings.pooling = options.pooling;
  surroundings.tokenizer = parts_->tokenizer.get();
  surroundings.max_text_tokens = sentence_config_.max_sequence_length;
  const Architecture& architecture = parts_->architecture;
  const auto& pipeline = described_parts_.pipeline;
  const Signature model = pipeline != nullptr
                              ? pipeline->signature
                              : MakeSignature(architecture, surroundings);
  parts_->signature =
      architecture.is_backbone ? MakeBackboneSignature(model) : model;
  for (int worker = 0; worker < workers_.num_workers(); ++worker) {
    if (parts_->signature.takes_tensors) {
      MakeTensorExecutor(worker, model, options);
      continue;
    }
    auto executor = engine_.MakeExecutor(architecture, ReplicaOf(worker),
                                         parts_->signature, options);
    if (wrap_executor_) executor = wrap_executor_(worker, std::move(executor));
    parts_->executors.push_back(std::move(executor));
  }
  parts_->properties = engine_.properties();
  parts_->properties.insert({
      {"dtype", std::string(NameOf(dtype_))},
      {"devices", absl::StrJoin(workers_.devices, ",",
                                [](std::string* out, const Device& device) {
                                  out->append(NameOf(device));
                                })},
      {"family", architecture.family},
      {"class", architecture.class_name},
      {"pooling", std::string(NameOf(options.pooling))},
      {"replicas", absl::StrCat(workers_.num_replicas())},
      {"loading_strategy", std::string(NameOf(workers_.loading_strategy))},
      {"transport", std::string(NameOf(workers_.transport))},
  });
}

const Replica& ModelLoad::ReplicaOf(int worker) const {
  return parts_->replicas[workers_.private_replicas ? worker : 0];
}

void ModelLoad::MakeTensorExecutor(int worker, const Signature& model,
                                   const ExecutorOptions& options) {
  const Architecture& architecture = parts_->architecture;
  const Replica& replica = ReplicaOf(worker);
  const Transformer& transformer = *replica.transformer;
  if (architecture.is_backbone) {
    tensor_executors_.push_back(
        MakeBackboneExecutor(architecture, parts_->signature, model,
                             [&](const Signature& signature) {
                               return engine_.MakeExecutor(
                                   architecture, replica, signature, options);
                             }));
    return;
  }
  const auto make_seed_executor = [&](const SeedRecipe& recipe,
                                      const SeedModule& module,
                                      const Signature& signature) {
    return MakeSeedExecutor(recipe, module, transformer, signature,
                            options.num_threads, replica.device);
  };
  if (transformer.seed()) {
    tensor_executors_.push_back(make_seed_executor(
        *architecture.seed, *transformer.seed(), parts_->signature));
    return;
  }
  tensor_executors_.push_back(MakePipelineExecutor(
      described_parts_.pipeline, [&](int part, const Signature& signature) {
        return make_seed_executor(*architecture.parts[part].seed,
                                  transformer.parts()[part], signature);
      }));
}

void ModelLoad::Report() {
  LoadReport& report = parts_->report;
  report.replicas = workers_.num_replicas();
  report.peak_host_bytes = host_memory_.total();
  report.device_bytes = BytesOnDevices(report.weight_bytes);
  report.unused_keys = name_map_.unused;
  report.warnings.insert(report.warnings.begin(), name_map_.warnings.begin(),
                         name_map_.warnings.end());
  std::vector<std::string> initialised = name_map_.missing;
  initialised.insert(initialised.end(), name_map_.allowed_missing.begin(),
                     name_map_.allowed_missing.end());
  Warn(initialised, "parameters are not in the checkpoint and were initialised",
       report.warnings);
  Warn(name_map_.unexpected, "keys of the checkpoint fit no parameter",
       report.warnings);
}

}  // namespace transformerd
