#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"

namespace mer::test {

/// Notes what it is told.
class JobNotes : public JobListener {
 public:
  void info(const std::string& line) override { lines.push_back(line); }
  void warn(const std::string& line) override { lines.push_back(line); }
  void error(const std::string& message, const std::string&) override { lines.push_back(message); }
  std::unique_ptr<ProgressDisplay> progress(const std::string& label) override {
    lines.push_back(label);
    return std::make_unique<Display>();
  }
  bool stopped() override { return stop; }

  std::vector<std::string> lines;
  bool stop = false;

 private:
  struct Display : ProgressDisplay {
    void show(const std::string&) override {}
    void clear() override {}
    Progress callback() override { return {}; }
  };
};

}  // namespace mer::test
