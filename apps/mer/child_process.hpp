#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mer::app {

/// `mer` with other arguments, running beside this process, its output appended to a file.
///
/// It is in a process group of its own, so that Ctrl-C reaches it only by ask_to_stop(), once; and
/// it gets SIGTERM when this process dies, so that it saves its state.
class ChildProcess {
 public:
  /// @throws Error when it can't be started, or the log can't be written
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log);
  ~ChildProcess();  ///< kills it when it still runs
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  /// None while it runs; 128 + n when signal n ended it.
  std::optional<int> exit_code();
  void ask_to_stop() const;  ///< as Ctrl-C does

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace mer::app
