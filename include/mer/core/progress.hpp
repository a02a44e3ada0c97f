#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace mer {

/// What a long job tells whoever started it: (done, total, note). Called from worker threads, one
/// call at a time. The library never prints; apps/ passes a function that draws.
using Progress = std::function<void(std::size_t done, std::size_t total, const std::string& note)>;

/// "12.3/s, 1:05 left" from what is done since the clock started; empty until it means something.
class RateMeter {
 public:
  RateMeter();
  double seconds() const;  ///< since the clock started
  double per_second(std::size_t done) const;
  std::string text(std::size_t done, std::size_t total) const;

 private:
  std::chrono::steady_clock::time_point start_;
};

/// "3:34", "1:02:07" for seconds.
std::string format_duration(double seconds);

}  // namespace mer
