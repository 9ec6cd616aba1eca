// The certificates in use, which may be replaced while connections are made.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/security/certificates.h"

namespace transformerd {

// Thread-safe.
class CertificateStore {
 public:
  explicit CertificateStore(Certificates certificates) {
    Set(std::move(certificates));
  }

  // For connections that are made from now on.
  void Set(Certificates certificates) ABSL_LOCKS_EXCLUDED(mutex_) {
    auto fresh = std::make_shared<const Certificates>(std::move(certificates));
    absl::MutexLock lock(&mutex_);
    certificates_ = std::move(fresh);
  }

  // Another pointer after each Set.
  std::shared_ptr<const Certificates> Get() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::ReaderMutexLock lock(&mutex_);
    return certificates_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Certificates> certificates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
