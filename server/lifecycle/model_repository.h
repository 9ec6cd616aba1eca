// The models of one folder: what is there, what is loaded, and its handles.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "model/runtime/loaded_model.h"
#include "server/lifecycle/available_memory.h"
#include "server/lifecycle/folder_reader.h"
#include "server/lifecycle/folder_scanner.h"
#include "server/lifecycle/load_parameters.h"
#include "server/lifecycle/load_status.h"
#include "server/lifecycle/model_handle.h"
#include "server/lifecycle/model_record.h"
#include "server/lifecycle/model_state.h"
#include "server/lifecycle/operation_threads.h"
#include "server/lifecycle/repository_folder.h"
#include "server/lifecycle/repository_observer.h"
#include "server/lifecycle/residency_budget.h"

namespace transformerd {

// When the server counts as ready: see --readiness.
enum class ReadinessPolicy { kAll, kAny };

// One row of the repository's index.
struct ModelIndexEntry {
  std::string name;
  int64_t version = 1;
  ModelState state = ModelState::kUnloaded;
  // Why it failed, with all keys; how far a load is; else mostly empty.
  std::string reason;
};

// Names a caller's wait for a load.
struct LoadTicket {
  std::string name;
  int64_t id = 0;         // 0: there is nothing to wait for
  int64_t operation = 0;  // the same for all who wait for one load
};

// One model as it is now.
struct ModelView {
  std::vector<ModelIndexEntry> versions;  // that have been loaded, or tried
  // That runs or, where none does, ended last; null where there was none.
  std::shared_ptr<const LoadStatus> load;
};

// What a load of a model would do and need.
struct RepositoryPlan {
  std::map<int64_t, PlannedLoad> versions;
  MemoryNeed host;  // of all versions, which load one after the other
  // What there is for it; nothing where the system does not say.
  std::optional<AvailableMemory> room;

  // Whether the keys fit, and the bytes of all versions, on GPUs as well.
  bool fits() const;
};

// Loads, unloads and finds models by name and version; the only owner of
// loaded models. Loads and unloads run on threads of its own; a name has one
// at a time, and identical ones join.
//
// Thread-safe. No call but Load, Unload and Shutdown waits for a load, a
// request or the file system. What Find, Index and View tell of the folder is
// what the last look saw (LookAsync); Find and View start another one where
// they tell that a model is not loaded or not there.
class ModelRepository {
 public:
  // Called exactly once, without locks held, on a thread of the repository or
  // before the call that takes it returns.
  using LoadDone = absl::AnyInvocable<void(absl::Status)>;
  using UnloadDone = absl::AnyInvocable<void(absl::StatusOr<int64_t>)>;
  using PlanDone = absl::AnyInvocable<void(absl::StatusOr<RepositoryPlan>)>;
  using LookDone = FolderScanner::ScanDone;

  struct Options {
    std::string root;  // the folder of --model_repository
    // Whether callers may load and unload; else FAILED_PRECONDITION.
    bool allow_control = true;
    ReadinessPolicy readiness = ReadinessPolicy::kAll;
    // What neither transformerd.json nor a call's parameters set.
    ModelOptions defaults;
    int64_t host_memory_limit_bytes = 0;  // 0: what the system has
    // More loads wait for their turn.
    int max_concurrent_loads = 2;
    // For the progress of loads; null: the machine's. Must outlive the
    // repository.
    Clock* clock = nullptr;
    // Null: the system's. Must outlive the repository.
    FolderReader* folders = nullptr;
  };

  // INVALID_ARGUMENT where the root is not a folder that can be read. `loader`
  // and `observer` (may be null) must outlive the repository.
  static absl::StatusOr<std::unique_ptr<ModelRepository>> Create(
      Options options, ModelLoader& loader, RepositoryObserver* observer);

  // As Shutdown.
  ~ModelRepository();

  // Loads all versions of a model, or joins an identical load that runs. Of a
  // model that is ready the folder is read again; the old instances serve
  // until their successors are ready, and stay if those fail. The versions
  // become ready together, once each is loaded or has failed. `done` gets OK
  // when all are ready, else the first error.
  //
  // INVALID_ARGUMENT: malformed name, or see ApplyLoadParameters. NOT_FOUND:
  // no such folder. UNAVAILABLE with a retry delay: unloading, or loading with
  // other parameters. RESOURCE_EXHAUSTED: does not fit. Else the loader's.
  LoadTicket LoadAsync(absl::string_view name, const LoadParameters& parameters,
                       LoadDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // The caller's wait ends now: its `done` gets CANCELLED, unless it was
  // called already. The load is cancelled when nobody waits for it any more.
  void Abandon(const LoadTicket& ticket) ABSL_LOCKS_EXCLUDED(mutex_);

  // Refuses new handles, cancels a running load, waits for the last handle,
  // frees the memory, and gives `done` the bytes of weights that came back (0
  // where nothing was loaded). NOT_FOUND for an unknown model.
  void UnloadAsync(absl::string_view name, UnloadDone done)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The same, waiting.
  absl::Status Load(absl::string_view name, const LoadParameters& parameters);
  absl::StatusOr<int64_t> Unload(absl::string_view name);

  // `version` is a decimal number, or empty for the newest that is ready.
  // NOT_FOUND: unknown, or in the repository and not loaded (the message says
  // so). UNAVAILABLE with a retry delay: loading or unloading, or not there
  // while the daemon shuts down.
  // FAILED_PRECONDITION: its load failed, with the reason.
  absl::StatusOr<ModelHandle> Find(absl::string_view name,
                                   absl::string_view version) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Looks into the folder, without waiting for it. `done` (may be null) gets
  // OK when a look is over that began after this call, so that an Index shows
  // what was there; UNAVAILABLE with a retry delay when the repository shuts
  // down.
  void LookAsync(LookDone done) const { scanner_.Scan(std::move(done)); }

  // All versions in the folder or in memory, by name and version.
  std::vector<ModelIndexEntry> Index() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The present state of one model. NOT_FOUND for an unknown one.
  absl::StatusOr<ModelView> View(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What a load with these parameters would do, of all versions or the one
  // named; nothing is loaded. Allowed without allow_control. Errors as
  // LoadAsync; a checkpoint that does not fit is none. UNAVAILABLE with a retry
  // delay where too many are being made.
  void PlanAsync(absl::string_view name, absl::string_view version,
                 const LoadParameters& parameters, PlanDone done)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The longest that a rank of a running load has waited for the others.
  absl::Duration LongestCollective() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The versions that are ready, in ascending order.
  std::vector<int64_t> ReadyVersions(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Starts loading these models ("*": all in the folder), which makes them the
  // ones that readiness asks for. Allowed without allow_control. Once.
  void LoadAtStart(const std::vector<std::string>& names)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // OK, or UNAVAILABLE with what is missing in a line. Loads of further models
  // and reloads never change it. Without allow_control and without a model at
  // the start nothing can ever be served, which is not ready.
  absl::Status Readiness() const ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on new loads, unloads and plans are UNAVAILABLE, with a retry
  // delay; those that run go on.
  void BeginDrain() ABSL_LOCKS_EXCLUDED(mutex_);

  // Drains, cancels loads, waits for handles and unloads everything.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Instances = std::vector<std::shared_ptr<ModelInstance>>;
  // A version that is in memory and not served yet.
  struct LoadedVersion {
    std::shared_ptr<ModelInstance> instance;
    absl::Duration time;     // that its load took
    bool is_reload = false;  // another instance serves meanwhile
  };
  // Instances that a load took out of service.
  struct Retired {
    Instances replaced;  // by their successors
    Instances vanished;  // their folders are gone
  };

  ModelRepository(Options options, RepositoryFolder folder, ModelLoader& loader,
                  RepositoryObserver* observer);

  // Takes `done` on success and leaves it on error.
  absl::StatusOr<LoadTicket> StartLoad(absl::string_view name,
                                       const LoadParameters& parameters,
                                       LoadDone& done)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes `done` where there is something to unload. False where all that the
  // repository knows of the model may be its folder.
  absl::StatusOr<bool> StartUnload(absl::string_view name, UnloadDone& done)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void StartUnloadLocked(const std::string& name, ModelRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LoadOneAtStart(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status CheckControlAllowed() const;
  absl::StatusOr<std::map<int64_t, std::string>> VersionsToPlan(
      absl::string_view name, absl::string_view version) const;
  absl::Status BeginPlan() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<RepositoryPlan> MakePlan(const std::string& name,
                                          const std::string& version,
                                          const LoadParameters& parameters);
  absl::StatusOr<RepositoryPlan> PlanVersions(
      const std::string& name, const std::map<int64_t, std::string>& versions,
      const LoadParameters& parameters);

  // The bodies of the operations' threads, and their steps.
  void RunLoad(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  void RunUnload(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status AwaitTurn(ModelRecord& record) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LoadVersions(const std::string& name, ModelRecord& record,
                            Retired& retired) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<ModelOptions> OptionsFor(
      const std::string& name, const LoadParameters& parameters) const;
  absl::Status LoadVersion(const ModelId& id, const std::string& directory,
                           const absl::StatusOr<ModelOptions>& options,
                           ModelRecord& record,
                           std::vector<LoadedVersion>& loaded)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::shared_ptr<ModelInstance>> MakeInstance(
      const ModelId& id, const std::string& directory,
      const absl::StatusOr<ModelOptions>& options, LoadControl& control);
  // Ends a version's load that gave no instance: why, the reason of a
  // cancellation before `failure`.
  absl::Status FailVersion(const ModelId& id, absl::Status failure,
                           ModelRecord& record) ABSL_LOCKS_EXCLUDED(mutex_);
  // Serves them all or, with the reason, none where the load was cancelled.
  absl::Status Publish(const std::vector<LoadedVersion>& loaded,
                       ModelRecord& record, Retired& retired)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ForgetVanished(const std::string& name,
                      const std::map<int64_t, std::string>& versions,
                      ModelRecord& record, Retired& retired)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void FinishLoad(const std::string& name, ModelRecord& record,
                  const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void Unload(ModelInstance& instance, int64_t& released_bytes);
  void Tell(const ModelId& id, ModelState state);

  const Options options_;
  // For the threads of operations, which may wait for it.
  const RepositoryFolder folder_;
  ModelLoader& loader_;
  RepositoryObserver* const observer_;
  ResidencyBudget budget_;
  std::atomic<int64_t> last_generation_{0};

  mutable absl::Mutex mutex_;
  // A record stays where it is while an operation of its name runs.
  std::map<std::string, ModelRecord, std::less<>> records_
      ABSL_GUARDED_BY(mutex_);
  // Models asked for at start: OK from their first successful load on, before
  // that why they are not ready. An unload takes a model off the list.
  std::map<std::string, absl::Status, std::less<>> at_start_
      ABSL_GUARDED_BY(mutex_);
  // By name; of names that were in the repository when they were last loaded.
  std::map<std::string, std::shared_ptr<const LoadStatus>, std::less<>>
      last_loads_ ABSL_GUARDED_BY(mutex_);
  int running_loads_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_plans_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_ticket_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_operation_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;

  // Its thread calls what the above is needed for.
  mutable FolderScanner scanner_;

  // Last, so that its threads end before what they use goes.
  OperationThreads threads_;
};

}  // namespace transformerd
