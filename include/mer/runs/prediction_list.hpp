#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mer/core/line_file.hpp"
#include "mer/runs/prediction.hpp"

namespace mer {

// What `mer predict` writes for programs: a JSON document, a JSON object a line, or CSV. Bytes that
// are not UTF-8 become U+FFFD everywhere; of a path they stand beside it, in base64.

/// What an answer depends on besides the song.
struct PredictionSetup {
  std::string model;       ///< name or path as the user gave it; several are joined by " + "
  std::string model_hash;  ///< of the content of its files
  std::map<std::string, double> options = {};  ///< of the command line, those that change answers

  bool operator==(const PredictionSetup&) const = default;
};

/// One element of the document's `results` (contract/predict.schema.json), keys in the schema's
/// order; a failed file also has `hint`, and where the classes are the four of Quadrants a song has
/// `p_positive_valence` and `p_high_arousal`, and where valence and arousal follow from the classes
/// `values_from: class probabilities`. What a model does not answer is left out, or null
/// where the schema asks for the key. Times are rounded to milliseconds.
nlohmann::ordered_json to_json(const FileResult& result, const std::vector<std::string>& classes);

/// The whole document of `--format json`, with a line feed at the end.
/// @param model    name or path of the model used; several are joined by " + "
/// @param classes  empty for a model without classes
std::string predictions_json(const std::string& model, const std::vector<std::string>& classes,
                             std::span<const FileResult> results);

/// One line of `--format jsonl`, with its line feed: to_json() and, for `--resume`, `size_bytes`
/// and `modified` of the file (null when it is missing), `model`, `model_hash` and `options`; for
/// maps and neighbors the song's `embedding` to three decimals, if there is one.
std::string prediction_jsonl(const FileResult& result, const std::vector<std::string>& classes,
                             const PredictionSetup& setup);

/// `path,status,emotion,confidence,p_<class>…,duration_s,analysed_s,segments,error`, of the four
/// classes also `p_positive_valence,p_high_arousal`, then what is answered of
/// `valence,arousal` (and `values_from`, where they follow from the class probabilities) and
/// `labels,tag_<tag>…`, with its line feed. `segments` is a count.
/// @param with_bytes  there are paths that are not UTF-8, so the last column is `path_bytes`
std::string predictions_csv_header(const AnswerKinds& answers, bool with_bytes = false);
/// A row below that header; cells that don't apply are empty.
std::string prediction_csv_row(const FileResult& result, const AnswerKinds& answers,
                               bool with_bytes = false);

/// A line of what `mer predict --format jsonl` writes.
struct ListedPrediction {
  int line = 0;  ///< from 1
  FileResult result;
  std::vector<std::string> classes;    ///< of its probabilities, in their order
  std::optional<std::string> emotion;  ///< none when it failed or is uncertain
  PredictionSetup setup;

  double probability_of(const std::string& name) const;  ///< of a class or tag; 0 of others
};

/// Reads an element of `results` or a line of a list; none when it is neither.
/// @param with_segments  of a long song they are most of the text
std::optional<ListedPrediction> parse_prediction(const std::string& json, bool with_segments);

/// Reads such a file line by line, without segments and in constant memory.
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

/// Which of a list's lines are to go.
struct ResumeOptions {
  bool retry_failed = false;  ///< also of songs that failed and have not changed since
  /// Also of songs that are gone: below these folders, or where their own folder is still there, so
  /// that a disk that isn't mounted costs nothing.
  bool prune = false;
  std::vector<std::filesystem::path> folders = {};
};

/// Where a batch goes on.
struct ResumePoint {
  std::vector<std::filesystem::path> to_do;  ///< of the inputs, in their order
  std::size_t num_done = 0;
  std::size_t num_changed = 0;  ///< of to_do: predicted before they changed
  std::size_t num_failed = 0;   ///< of to_do: failed before
  std::size_t num_given_up =
      0;                     ///< failed before and have not changed, so they are not tried again
  std::size_t num_gone = 0;  ///< listed files that are no more; dropped, if they are to be pruned
};

/// Finds which inputs a list already holds: those of the same file, size and time of modification.
/// Lines of the others are dropped, as is a last line that is cut off, so that the list, once it is
/// written on, has one line an input. Lines of files that are not among the inputs stay. The list
/// is rewritten if need be.
///
/// @param setup  of the answers to come, which all lines must share
/// @throws UsageError when the file is no such list, or of another setup
ResumePoint resume_prediction_list(LineFile& list, const std::filesystem::path& file,
                                   const PredictionSetup& setup,
                                   const std::vector<std::filesystem::path>& inputs,
                                   const ResumeOptions& options = {});

/// Writes the stamps of files into the lines of these paths; other lines and everything else in the
/// list stay. For whoever changes files in a way that leaves the predictions true.
/// @param stamps  by the path in the list; those that it does not hold are passed over
void renew_stamps(LineFile& list, const std::filesystem::path& file,
                  const std::map<std::string, FileStamp>& stamps);

}  // namespace mer
