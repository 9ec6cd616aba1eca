// SIGTERM and SIGINT as calls on an ordinary thread.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace transformerd {

// Blocks both signals for this thread and those that it starts later, so that
// a SignalThread alone receives them. Call it before any thread is started.
void BlockStopSignals();

// Waits for signals until it is destroyed.
class SignalThread {
 public:
  // Calls `on_signal` with 1 for the first signal, 2 for the second, and so on.
  explicit SignalThread(std::function<void(int count)> on_signal);
  ~SignalThread();

  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void Run();

  const std::function<void(int)> on_signal_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace transformerd
