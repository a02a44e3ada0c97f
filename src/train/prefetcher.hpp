#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace mer {

/// Makes the things numbered first…last in order in one background thread, at most two ahead of
/// whoever takes them.
template <class Thing>
class Prefetcher {
 public:
  Prefetcher(std::function<Thing(std::int64_t)> make, std::int64_t first, std::int64_t last)
      : make_(std::move(make)),
        left_(last - first + 1),
        thread_([this, first, last] { run(first, last); }) {}

  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next thing; throws what making it threw.
  Thing next() {
    if (left_-- <= 0) throw std::logic_error("nothing is left to prefetch");
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
    if (ready_.empty()) std::rethrow_exception(failure_);
    Thing thing = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return thing;
  }

 private:
  static constexpr std::size_t kAhead = 2;

  void run(std::int64_t first, std::int64_t last) {
    try {
      for (std::int64_t number = first; number <= last; ++number) {
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [this] { return stopping_ || ready_.size() < kAhead; });
          if (stopping_) return;
        }
        Thing thing = make_(number);
        const std::lock_guard lock(mutex_);
        ready_.push_back(std::move(thing));
        changed_.notify_all();
      }
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  std::function<Thing(std::int64_t)> make_;
  std::int64_t left_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Thing> ready_;
  std::exception_ptr failure_;
  bool stopping_ = false;
  std::thread thread_;  // last: it starts when everything above is there
};

}  // namespace mer
