#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
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
/// "40 s", "25 min", "4 h", "3 days": for what is only known roughly.
std::string rough_duration(double seconds);

/// Shows how far one part of a long job has come; what is shown is gone with the object.
class ProgressDisplay {
 public:
  virtual ~ProgressDisplay() = default;
  virtual void show(const std::string& text) = 0;
  virtual void clear() = 0;
  /// Shows a part of which so much is done; for as long as the object lives.
  virtual Progress callback() = 0;
};

/// Whom a job of several parts tells how it goes. The library itself never prints.
class JobListener {
 public:
  virtual ~JobListener() = default;
  virtual void info(const std::string& line) = 0;
  /// What makes figures doubtful: to be told even who wants to hear nothing else.
  virtual void warn(const std::string& line) = 0;
  /// Something failed; the job goes on with the rest.
  virtual void error(const std::string& message, const std::string& hint) = 0;
  /// @param label  of the part that begins, e.g. "features"
  virtual std::unique_ptr<ProgressDisplay> progress(const std::string& label) = 0;
  virtual bool stopped() = 0;  ///< the user asked to stop
};

}  // namespace mer
