#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/core/file_stamp.hpp"

namespace mer {

/// A line of what `mer predict --format jsonl` writes, without the segments.
struct ListedPrediction {
  int line = 0;  ///< from 1
  std::string path;
  bool ok = false;                     ///< status
  std::optional<std::string> emotion;  ///< none when it failed or is uncertain
  std::map<std::string, double> probabilities;
  double duration_s = 0.0;
  std::optional<FileStamp> stamp;  ///< of the file when it was predicted
  std::string model;
};

/// Reads such a file line by line, in constant memory.
class PredictionListReader {
 public:
  /// @throws UsageError when the file can't be read
  explicit PredictionListReader(std::filesystem::path file);

  /// The next line; none at the end, and for a last line without a line feed that is cut off.
  /// @throws UsageError naming the line that is no prediction
  std::optional<ListedPrediction> next();

  std::uintmax_t begin() const { return begin_; }  ///< of the line that next() gave, in bytes
  std::uintmax_t end() const { return end_; }      ///< behind its line feed
  /// After the end: whether the last line is cut off, as a process that was killed leaves it.
  bool is_cut_off() const { return is_cut_off_; }

 private:
  std::filesystem::path file_;
  std::ifstream stream_;
  int line_ = 0;
  std::uintmax_t begin_ = 0;
  std::uintmax_t end_ = 0;
  bool is_cut_off_ = false;
};

/// All of a file, for those who want it in one piece.
/// @throws UsageError naming the line that is no prediction, also for one that is cut off
std::vector<ListedPrediction> read_prediction_list(const std::filesystem::path& file);

/// Where a batch goes on.
struct ResumePoint {
  std::vector<std::filesystem::path> to_do;  ///< of the inputs, in their order
  std::size_t num_done = 0;
  std::size_t num_changed = 0;  ///< of to_do: predicted before they changed
  std::size_t num_failed = 0;   ///< of to_do: failed before
};

/// Finds which inputs a list already holds: done are those of the same path, size and time of
/// modification that did not fail. Lines of the others are dropped, as is a last line that is cut
/// off, so that the list, once it is written on, has one line an input. Lines of files that are not
/// among the inputs stay. The file is replaced atomically, if at all.
///
/// @param model  that goes on; a line that is done must be of the same
/// @throws UsageError when the file is no such list, or another model's
ResumePoint resume_prediction_list(const std::filesystem::path& file, const std::string& model,
                                   const std::vector<std::filesystem::path>& inputs);

/// Writes the stamps that files have now into their lines; other lines and everything else in the
/// list stay. For whoever changes files in a way that leaves the predictions true.
/// @param files  as the list spells them; those that it does not hold are passed over
void renew_stamps(const std::filesystem::path& list, const std::vector<std::string>& files);

}  // namespace mer
