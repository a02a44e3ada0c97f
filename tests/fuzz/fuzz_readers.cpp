// The readers of mer's own files on any bytes: what was read, or a UsageError (an InputError of a
// song) that names the file. One executable a reader; MER_FUZZ_READER says which.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/experiment/sweep_file.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/runs/prediction_list.hpp"
#include "mer/runs/run_status.hpp"
#include "mer/runs/split_file.hpp"
#include "mer/tagging/mood_tag.hpp"

namespace {

namespace fs = std::filesystem;

/// Of this process, in memory where there is such a place; its files are written over again and
/// again.
const fs::path& folder() {
  static const fs::path made = [] {
    const fs::path parent = fs::is_directory("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
    std::string name = (parent / "mer-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return fs::path(name);
  }();
  return made;
}

fs::path written(const std::string& name, std::string_view bytes) {
  std::ofstream(folder() / name, std::ios::binary) << bytes;
  return folder() / name;
}

void model_card(std::string_view bytes) {
  const mer::TensorFile file = mer::TensorFile::open(written("m.safetensors", bytes));
  for (const mer::TensorFile& system : mer::systems_in(file)) {
    const mer::ModelCard card = mer::ModelCard::read(system);
    if (card.training_counts.size() != card.classes.size()) std::abort();
    static_cast<void>(card.to_metadata());
  }
  static_cast<void>(mer::calibration_of(file));
}

void run_status(std::string_view bytes) {
  static_cast<void>(mer::RunStatus::read(written("run.json", bytes)).to_json());
}

void prediction_list(std::string_view bytes) {
  for (const mer::ListedPrediction& one : mer::read_prediction_list(written("l.jsonl", bytes))) {
    if (one.line < 1) std::abort();
  }
}

/// metrics.json, predictions.csv and segments.csv, with a zero byte between them.
void evaluation(std::string_view bytes) {
  for (const char* name : {"metrics.json", "predictions.csv", "segments.csv"}) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    written(name, bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  const auto read = mer::read_evaluation(folder(), mer::EvaluationPart::kSegments);
  static_cast<void>(mer::to_json(read));
}

void split(std::string_view bytes) {
  mer::Manifest manifest;
  for (const char* id : {"a", "b", "c"}) {
    mer::Song song;
    song.id = id;
    manifest.songs.push_back(song);
  }
  const mer::Split read = mer::read_split_csv(written("split.csv", bytes), manifest);
  if (read.size() != manifest.songs.size()) std::abort();
}

void sweep_file(std::string_view bytes) {
  static_cast<void>(mer::read_sweep_file(written("s.yaml", bytes), {}));
}

/// The first byte chooses the kind of file.
void mood_tag(std::string_view bytes) {
  static const char* const kNames[] = {"s.mp3", "s.flac", "s.ogg", "s.opus",
                                       "s.m4a", "s.wav",  "s.aiff"};
  if (bytes.empty()) return;
  const auto kind = static_cast<unsigned char>(bytes.front()) % std::size(kNames);
  static_cast<void>(mer::read_tag(written(kNames[kind], bytes.substr(1)), "MOOD"));
}

const std::map<std::string, std::function<void(std::string_view)>> kReaders = {
    {"model_card", model_card}, {"run_status", run_status}, {"prediction_list", prediction_list},
    {"evaluation", evaluation}, {"split", split},           {"sweep_file", sweep_file},
    {"mood_tag", mood_tag}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto& read = kReaders.at(MER_FUZZ_READER);
  try {
    read({reinterpret_cast<const char*>(data), size});
  } catch (const mer::UsageError& error) {
    if (std::string(error.what()).find(folder().string()) == std::string::npos) std::abort();
  } catch (const mer::InputError& error) {
    if (std::string(error.what()).find(folder().string()) == std::string::npos) std::abort();
  }
  return 0;
}
