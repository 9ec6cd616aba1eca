// Tells ThreadSanitizer what the distribution's Abseil does.
//
// The shared libraries are not instrumented, so that a lock taken inside of
// them orders nothing in the sanitizer's eyes and each access under an
// absl::Mutex would look like a race. The linker sends the calls of
// instrumented code here
// (--wrap, see BUILD) and this file announces them.

#include <sanitizer/tsan_interface.h>

#include <atomic>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

// A member function under its mangled name, as the linker renames it: the
// original is `__real_NAME`, its replacement `__wrap_NAME`.
#define ABSEIL(NAME) "_ZN4absl7debian3" NAME
#define ABSEIL_CONST(NAME) "_ZNK4absl7debian3" NAME

namespace {

using absl::BlockingCounter;
using absl::Condition;
using absl::CondVar;
using absl::Duration;
using absl::Mutex;
using absl::Notification;
using absl::Time;

constexpr unsigned kWrite = 0;
constexpr unsigned kRead = __tsan_mutex_read_lock;
constexpr unsigned kTry = __tsan_mutex_try_lock;
constexpr unsigned kTryFailed = __tsan_mutex_try_lock_failed;

// What HasBeenNotified reads is not the notification's own address.
char any_notification;

// Accesses between the `pre` and `post` calls are not looked at: Abseil
// evaluates the conditions of other waiters there.
template <typename Call>
void Acquire(Mutex* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_lock(mutex, flags);
  call();
  __tsan_mutex_post_lock(mutex, flags, 0);
}

template <typename Call>
bool TryAcquire(Mutex* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_lock(mutex, flags | kTry);
  const bool taken = call();
  __tsan_mutex_post_lock(mutex, flags | kTry | (taken ? 0 : kTryFailed), 0);
  return taken;
}

template <typename Call>
void Release(Mutex* mutex, unsigned flags, Call call) {
  __tsan_mutex_pre_unlock(mutex, flags);
  call();
  __tsan_mutex_post_unlock(mutex, flags);
}

// Gives the lock up, waits and takes it again, all within `call`.
template <typename Call>
auto WaitHolding(Mutex* mutex, Call call) {
  Release(mutex, kWrite, [] {});
  __tsan_mutex_pre_lock(mutex, kWrite);
  const auto result = call();
  __tsan_mutex_post_lock(mutex, kWrite, 0);
  return result;
}

}  // namespace

#define WRAP(RESULT, NAME, MANGLED, ...)                    \
  RESULT Real##NAME(__VA_ARGS__) asm("__real_" MANGLED);    \
  RESULT Wrapped##NAME(__VA_ARGS__) asm("__wrap_" MANGLED); \
  RESULT Wrapped##NAME(__VA_ARGS__)

WRAP(void, Lock, ABSEIL("5Mutex4LockEv"), Mutex* mutex) {
  Acquire(mutex, kWrite, [&] { RealLock(mutex); });
}

WRAP(void, Unlock, ABSEIL("5Mutex6UnlockEv"), Mutex* mutex) {
  Release(mutex, kWrite, [&] { RealUnlock(mutex); });
}

WRAP(bool, TryLock, ABSEIL("5Mutex7TryLockEv"), Mutex* mutex) {
  return TryAcquire(mutex, kWrite, [&] { return RealTryLock(mutex); });
}

WRAP(void, ReaderLock, ABSEIL("5Mutex10ReaderLockEv"), Mutex* mutex) {
  Acquire(mutex, kRead, [&] { RealReaderLock(mutex); });
}

WRAP(void, ReaderUnlock, ABSEIL("5Mutex12ReaderUnlockEv"), Mutex* mutex) {
  Release(mutex, kRead, [&] { RealReaderUnlock(mutex); });
}

WRAP(void, LockWhen, ABSEIL("5Mutex8LockWhenERKNS0_9ConditionE"), Mutex* mutex,
     const Condition& condition) {
  Acquire(mutex, kWrite, [&] { RealLockWhen(mutex, condition); });
}

WRAP(bool, LockWhenWithTimeout,
     ABSEIL("5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE"),
     Mutex* mutex, const Condition& condition, Duration timeout) {
  bool held = false;
  Acquire(mutex, kWrite,
          [&] { held = RealLockWhenWithTimeout(mutex, condition, timeout); });
  return held;
}

WRAP(void, Await, ABSEIL("5Mutex5AwaitERKNS0_9ConditionE"), Mutex* mutex,
     const Condition& condition) {
  WaitHolding(mutex, [&] {
    RealAwait(mutex, condition);
    return true;
  });
}

WRAP(bool, AwaitWithTimeout,
     ABSEIL("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE"),
     Mutex* mutex, const Condition& condition, Duration timeout) {
  return WaitHolding(
      mutex, [&] { return RealAwaitWithTimeout(mutex, condition, timeout); });
}

WRAP(bool, AwaitWithDeadline,
     ABSEIL("5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE"),
     Mutex* mutex, const Condition& condition, Time deadline) {
  return WaitHolding(
      mutex, [&] { return RealAwaitWithDeadline(mutex, condition, deadline); });
}

WRAP(void, CondVarWait, ABSEIL("7CondVar4WaitEPNS0_5MutexE"), CondVar* condvar,
     Mutex* mutex) {
  WaitHolding(mutex, [&] {
    RealCondVarWait(condvar, mutex);
    return true;
  });
}

WRAP(bool, CondVarWaitWithTimeout,
     ABSEIL("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE"),
     CondVar* condvar, Mutex* mutex, Duration timeout) {
  return WaitHolding(mutex, [&] {
    return RealCondVarWaitWithTimeout(condvar, mutex, timeout);
  });
}

WRAP(bool, CondVarWaitWithDeadline,
     ABSEIL("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"),
     CondVar* condvar, Mutex* mutex, Time deadline) {
  return WaitHolding(mutex, [&] {
    return RealCondVarWaitWithDeadline(condvar, mutex, deadline);
  });
}

WRAP(void, Notify, ABSEIL("12Notification6NotifyEv"),
     Notification* notification) {
  __tsan_release(&any_notification);
  RealNotify(notification);
}

WRAP(bool, HasBeenNotified,
     ABSEIL("12Notification23HasBeenNotifiedInternalEPKSt6atomicIbE"),
     const std::atomic<bool>* notified) {
  const bool result = RealHasBeenNotified(notified);
  if (result) __tsan_acquire(&any_notification);
  return result;
}

WRAP(void, WaitForNotification,
     ABSEIL_CONST("12Notification19WaitForNotificationEv"),
     const Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(&any_notification);
}

WRAP(bool, WaitForNotificationWithTimeout,
     ABSEIL_CONST(
         "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE"),
     const Notification* notification, Duration timeout) {
  const bool result = RealWaitForNotificationWithTimeout(notification, timeout);
  if (result) __tsan_acquire(&any_notification);
  return result;
}

WRAP(bool, DecrementCount, ABSEIL("15BlockingCounter14DecrementCountEv"),
     BlockingCounter* counter) {
  __tsan_release(counter);
  return RealDecrementCount(counter);
}

WRAP(void, BlockingCounterWait, ABSEIL("15BlockingCounter4WaitEv"),
     BlockingCounter* counter) {
  RealBlockingCounterWait(counter);
  __tsan_acquire(counter);
}
