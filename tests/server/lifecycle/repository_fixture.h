// A repository over fake models, for the tests of this folder.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "server/lifecycle/model_repository.h"
#include "tests/fakes/blocking_folder_reader.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {

// Writes down what it is told.
class RecordingObserver : public RepositoryObserver {
 public:
  void OnState(const ModelId& id, ModelState state) override {
    Add(absl::StrCat(id.name, "/", id.version, " ", NameOf(state)));
  }
  void OnLoaded(const ModelId& id, const LoadReport&, absl::Duration) override {
    Add(absl::StrCat(id.name, "/", id.version, " loaded"));
  }
  void OnUnloaded(const ModelId& id, int64_t) override {
    Add(absl::StrCat(id.name, "/", id.version, " released"));
  }
  void OnOperationEnd() override {
    absl::MutexLock lock(&mutex_);
    ++operations_;
  }
  int operations() const {
    absl::MutexLock lock(&mutex_);
    return operations_;
  }
  std::vector<std::string> events() const {
    absl::MutexLock lock(&mutex_);
    return events_;
  }

 private:
  void Add(std::string event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
  }

  mutable absl::Mutex mutex_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  int operations_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The outcome of an asynchronous call.
class Outcome {
 public:
  ModelRepository::LoadDone load_done() {
    return [this](const absl::Status& status) { Set(status); };
  }
  ModelRepository::UnloadDone unload_done() {
    return
        [this](const absl::StatusOr<int64_t>& bytes) { Set(bytes.status()); };
  }
  absl::Status Await() {
    done_.WaitForNotification();
    return status_;
  }
  bool is_known() const { return done_.HasBeenNotified(); }

 private:
  void Set(const absl::Status& status) {
    status_ = status;
    done_.Notify();
  }
  absl::Status status_;
  absl::Notification done_;
};

class RepositoryFixture : public ::testing::Test {
 protected:
  RepositoryFixture() { AddModel("a"); }

  void AddModel(const std::string& path) {
    folder_.Write(path + "/config.json", "{}");
  }

  // The repository under test, made on first use.
  ModelRepository& repository() {
    if (repository_ == nullptr) {
      options_.root = folder_.path();
      options_.folders = &folders_;
      repository_ = *ModelRepository::Create(options_, loader_, &observer_);
    }
    return *repository_;
  }

  // Until the folder was looked into.
  void Look() {
    absl::Notification looked;
    repository().LookAsync([&](const absl::Status&) { looked.Notify(); });
    looked.WaitForNotification();
  }

  std::vector<std::string> IndexRows() {
    std::vector<std::string> rows;
    for (const ModelIndexEntry& entry : repository().Index()) {
      rows.push_back(absl::StrCat(entry.name, "/", entry.version, " ",
                                  RepositoryStateName(entry.state), " ",
                                  entry.reason));
    }
    return rows;
  }

  TemporaryFolder folder_;
  BlockingFolderReader folders_;
  FakeModelLoader loader_;
  RecordingObserver observer_;
  ModelRepository::Options options_;
  std::unique_ptr<ModelRepository> repository_;
};

}  // namespace transformerd
