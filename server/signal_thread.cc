#include "server/signal_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "glog/logging.h"

namespace transformerd {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  CHECK_EQ(pthread_sigmask(SIG_BLOCK, &signals, nullptr), 0);
}

SignalThread::SignalThread(std::function<void(int count)> on_signal)
    : on_signal_(std::move(on_signal)), thread_([this] { Run(); }) {}

SignalThread::~SignalThread() {
  stopping_ = true;
  // Wakes sigwait; blocked in the thread as everywhere, so it kills nobody.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void SignalThread::Run() {
  BlockStopSignals();
  const sigset_t signals = StopSignals();
  for (int count = 1;; ++count) {
    int signal = 0;
    CHECK_EQ(sigwait(&signals, &signal), 0);
    if (stopping_) return;
    on_signal_(count);
  }
}

}  // namespace transformerd
