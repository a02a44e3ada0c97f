#include "mer/tagging/prediction_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <unordered_map>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// Takes what a ListedPrediction holds out of a line and passes over the rest: of a long song the
/// segments are most of it.
class LineParser : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit LineParser(ListedPrediction& result) : result_(result) {}

  bool complete() const { return has_path_ && has_status_; }
  /// Both of its parts, or none.
  std::optional<FileStamp> stamp() const {
    return stamp_.modified.empty() ? std::nullopt : std::optional(stamp_);
  }

  bool null() override { return depth_ > 0; }
  bool boolean(bool) override { return depth_ > 0; }
  bool number_integer(number_integer_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == 1 && key_ == "size_bytes") stamp_.size_bytes = value;
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t& value) override {
    if (depth_ != 1) return depth_ > 0;
    if (key_ == "path") {
      result_.path = std::move(value);
      has_path_ = true;
    } else if (key_ == "status") {
      result_.ok = value == "ok";
      has_status_ = true;
    } else if (key_ == "emotion") {
      result_.emotion = std::move(value);
    } else if (key_ == "modified") {
      stamp_.modified = std::move(value);
    } else if (key_ == "model") {
      result_.model = std::move(value);
    }
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    ++depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) key_ = name;
    if (depth_ == 2) inner_key_ = name;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return depth_++ > 0; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool number(double value) {
    if (depth_ == 1 && key_ == "duration_s") result_.duration_s = value;
    if (depth_ == 2 && key_ == "probabilities") result_.probabilities[inner_key_] = value;
    return depth_ > 0;
  }

  ListedPrediction& result_;
  FileStamp stamp_;
  int depth_ = 0;
  std::string key_;
  std::string inner_key_;
  bool has_path_ = false;
  bool has_status_ = false;
};

std::optional<ListedPrediction> parse_line(const std::string& text) {
  ListedPrediction result;
  LineParser parser(result);
  if (!nlohmann::json::sax_parse(text, &parser) || !parser.complete()) return std::nullopt;
  result.stamp = parser.stamp();
  return result;
}

/// Part of a file, in bytes.
struct Span {
  std::uintmax_t begin = 0;
  std::uintmax_t end = 0;
};

/// Replaces a file by these parts of it.
void keep_spans(const fs::path& file, const std::vector<Span>& spans) {
  std::ifstream stream(file, std::ios::binary);
  AtomicFile shorter(file);
  std::string block;
  for (const Span& span : spans) {
    block.resize(span.end - span.begin);
    stream.seekg(static_cast<std::streamoff>(span.begin));
    if (!stream.read(block.data(), static_cast<std::streamsize>(block.size()))) {
      throw Error(file.string() + ": cannot be read");
    }
    shorter.write(std::as_bytes(std::span(block)));
  }
  shorter.commit();
}

/// What a list says of a path; the last of several lines counts.
struct Entry {
  int line = 0;
  Span span;
  bool ok = false;
  std::optional<FileStamp> stamp;
  std::string model;
};

struct ScannedList {
  std::unordered_map<std::string, Entry> entries;
  bool has_more = false;  ///< than the entries: lines that a later one supersedes, a torn end
};

ScannedList scan(const fs::path& file) {
  ScannedList list;
  PredictionListReader reader(file);
  while (auto prediction = reader.next()) {
    Entry entry{prediction->line,
                {reader.begin(), reader.end()},
                prediction->ok,
                std::move(prediction->stamp),
                std::move(prediction->model)};
    const bool is_new =
        list.entries.insert_or_assign(std::move(prediction->path), std::move(entry)).second;
    list.has_more = list.has_more || !is_new;
  }
  list.has_more = list.has_more || reader.is_cut_off();
  return list;
}

}  // namespace

PredictionListReader::PredictionListReader(fs::path file)
    : file_(std::move(file)), stream_(file_, std::ios::binary) {
  std::error_code ignored;
  if (!stream_ || fs::is_directory(file_, ignored)) {
    throw UsageError(file_.string() + ": cannot be read",
                     "mer predict … --format jsonl -o FILE writes one");
  }
}

std::optional<ListedPrediction> PredictionListReader::next() {
  std::string text;
  if (!std::getline(stream_, text)) return std::nullopt;
  ++line_;
  begin_ = end_;
  const bool has_line_feed = !stream_.eof();
  end_ += text.size() + (has_line_feed ? 1 : 0);
  auto prediction = parse_line(text);
  if (!has_line_feed) {
    is_cut_off_ = true;
    return std::nullopt;
  }
  if (!prediction) {
    throw UsageError(
        file_.string() + ":" + std::to_string(line_) + ": is no line of mer predict --format jsonl",
        "mer predict … --format jsonl -o FILE, without --resume, writes it anew");
  }
  prediction->line = line_;
  return prediction;
}

std::vector<ListedPrediction> read_prediction_list(const fs::path& file) {
  std::vector<ListedPrediction> predictions;
  PredictionListReader reader(file);
  while (auto prediction = reader.next()) predictions.push_back(std::move(*prediction));
  if (reader.is_cut_off()) {
    throw UsageError(
        file.string() + ":" + std::to_string(predictions.size() + 1) + ": the last line is cut off",
        "the mer predict that wrote it, run again with --resume, goes on from there");
  }
  return predictions;
}

ResumePoint resume_prediction_list(const fs::path& file, const std::string& model,
                                   const std::vector<fs::path>& inputs) {
  ResumePoint point;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) {
    point.to_do = inputs;
    return point;
  }
  ScannedList list = scan(file);
  std::set<std::string> dropped;
  for (const fs::path& input : inputs) {
    const std::string path = to_valid_utf8(input.string());
    const auto found = list.entries.find(path);
    if (found == list.entries.end()) {
      point.to_do.push_back(input);
      continue;
    }
    const Entry& entry = found->second;
    if (entry.ok && entry.stamp && entry.stamp == stamp_of(input)) {
      if (entry.model != model) {
        throw UsageError(file.string() + ":" + std::to_string(entry.line) +
                             ": is an answer of the model '" + entry.model + "', not of '" + model +
                             "'",
                         "give the same -m, or leave --resume out to write the file anew");
      }
      ++point.num_done;
      continue;
    }
    point.to_do.push_back(input);
    ++(entry.ok ? point.num_changed : point.num_failed);
    dropped.insert(path);
  }
  if (dropped.empty() && !list.has_more) return point;
  std::vector<Span> kept;
  for (const auto& [path, entry] : list.entries) {
    if (!dropped.contains(path)) kept.push_back(entry.span);
  }
  std::sort(kept.begin(), kept.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  keep_spans(file, kept);
  return point;
}

void renew_stamps(const fs::path& list, const std::vector<std::string>& files) {
  const std::set<std::string> changed(files.begin(), files.end());
  std::ifstream stream(list, std::ios::binary);
  AtomicFile renewed(list);
  for (std::string text; std::getline(stream, text);) {
    const auto prediction = parse_line(text);
    if (prediction && prediction->stamp && changed.contains(prediction->path)) {
      auto line = nlohmann::ordered_json::parse(text);
      if (const auto stamp = stamp_of(prediction->path)) {
        line["size_bytes"] = stamp->size_bytes;
        line["modified"] = stamp->modified;
      }
      text = line.dump();
    }
    if (!stream.eof()) text += '\n';
    renewed.write(std::as_bytes(std::span(text)));
  }
  renewed.commit();
}

}  // namespace mer
