#include "mer/store/song_features.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/features/chroma.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/features/vad.hpp"

namespace mer {
namespace {

constexpr std::size_t kBlockSamples = 1 << 16;
/// The energy that stands for digital silence (see FeatureSet::energy_db).
constexpr float kSilenceDbfs = -120.0F;

constexpr const char* kRecipeKey = "recipe";
constexpr const char* kSharedRecipeKey = "shared_recipe";
constexpr const char* kFingerprintKey = "fingerprint";
constexpr const char* kDurationKey = "duration_s";
constexpr const char* kWarningsKey = "warnings";

const std::string& metadata_at(const TensorFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    throw UsageError(
        file.path().string() + ": not a feature file: its metadata has no '" + key + "'",
        "make feature files with `mer preprocess` or `mer features`");
  }
  return found->second;
}

nlohmann::ordered_json feature_json_at(const TensorFile& file, const std::string& key) {
  nlohmann::ordered_json json =
      nlohmann::ordered_json::parse(metadata_at(file, key), nullptr, false);
  if (json.is_discarded()) {
    throw UsageError(
        file.path().string() + ": not a feature file: its metadata '" + key + "' is not JSON",
        "make feature files with `mer preprocess` or `mer features`");
  }
  return json;
}

/// Rows that have become complete go to disk.
class FeatureWriter {
 public:
  FeatureWriter(const std::filesystem::path& file, const FeatureLayout& layout, double start_s)
      : stream_(file), layout_(layout), start_s_(start_s) {}

  void write(const FeatureSet& rows) {
    append("spectrogram", rows.spectrogram);
    if (rows.lld.cols() > 0) append("lld", rows.lld);
    stream_.append("energy_db", 0,
                   std::span<const float>(rows.energy_db.data(),
                                          static_cast<std::size_t>(rows.energy_db.size())));
    std::vector<double> center_s;
    for (std::int64_t i = 0; i < rows.num_frames(); ++i) {
      center_s.push_back(start_s_ + layout_.frame_time_s(num_frames_ + i));
    }
    stream_.append("time_s", 0, std::span<const double>(center_s));
    num_frames_ += rows.num_frames();
  }

  void finish(const std::vector<std::uint8_t>& kept, const TensorMetadata& metadata) {
    stream_.add("kept", view_of(std::span<const std::uint8_t>(kept), {num_frames_}));
    if (layout_.lld_width() == 0) {
      stream_.add("lld", view_of(std::span<const float>(), {num_frames_, 0}));
    }
    stream_.finish(metadata);
  }

 private:
  void append(const char* name, const RowMatrixXf& rows) {
    stream_.append(name, rows.cols(),
                   std::span<const float>(rows.data(), static_cast<std::size_t>(rows.size())));
  }

  TensorFileStream stream_;
  FeatureLayout layout_;
  double start_s_;
  std::int64_t num_frames_ = 0;
};

/// Two decimals are what a person wants to read of a level or of seconds.
std::string rounded(double value, double steps_per_unit) {
  return format_number(std::round(value * steps_per_unit) / steps_per_unit);
}

/// @return the mask of the frames to keep
std::vector<std::uint8_t> kept_or_throw(const std::string& name,
                                        const std::vector<float>& energy_db,
                                        const FeatureLayout& layout, const Recipe& recipe,
                                        std::int64_t num_samples) {
  const double rate = layout.sample_rate_hz;
  if (energy_db.empty()) {
    throw InputError(name + ": " + std::to_string(num_samples) +
                         (num_samples == 1 ? " sample (" : " samples (") +
                         rounded(static_cast<double>(num_samples) / rate, 1e4) +
                         " s), less than one frame of " + std::to_string(layout.window_samples) +
                         " samples (" + rounded(layout.window_samples / rate, 1e4) + " s)",
                     "give a longer piece of music");
  }
  std::vector<std::uint8_t> kept = voice_activity(energy_db, layout.hop_samples / rate, recipe.vad);
  const float loudest = *std::max_element(energy_db.begin(), energy_db.end());
  if (loudest <= kSilenceDbfs || std::find(kept.begin(), kept.end(), 1) == kept.end()) {
    throw InputError(name + ": nothing but silence: its loudest frame has " +
                         rounded(loudest, 10.0) + " dBFS, music begins at " +
                         format_number(recipe.vad.floor_dbfs) + " dBFS",
                     "check the recording");
  }
  return kept;
}

TensorMetadata metadata_of(const Recipe& recipe, const SongAnalysis& analysis) {
  const FeatureLayout& layout = analysis.layout;
  return {{kRecipeKey, to_json(recipe).dump()},
          {kSharedRecipeKey, recipe.shared().dump()},
          {kFingerprintKey, recipe.fingerprint()},
          {kDurationKey, nlohmann::json(analysis.duration_s).dump()},
          {kWarningsKey, nlohmann::json(analysis.warnings).dump()},
          {"spectrogram", layout.spectrogram.name},
          {"lld_columns", nlohmann::json(layout.lld_columns).dump()},
          {"mer_version", kVersion}};
}

/// InputErrors of `act` begin with the song's name.
template <class Act>
auto naming(const std::string& name, const Act& act) {
  try {
    return act();
  } catch (const InputError& error) {
    if (std::string_view(error.what()).starts_with(name)) throw;
    throw InputError(name + ": " + error.what(), error.hint());
  }
}

SongAnalysis analyse(AudioReader& reader, const std::string& name, const Recipe& recipe,
                     const OnRows& on_rows,
                     const std::function<void(std::span<const float>)>& on_samples) {
  FeatureExtractor extractor(recipe.features, recipe.audio.sample_rate_hz);
  SongAnalysis analysis;
  analysis.layout = extractor.layout();
  std::vector<float> energy_db;  // of a song only these stay in memory
  const auto pull = [&] {
    const FeatureSet rows = extractor.pull();
    if (rows.num_frames() == 0) return;
    energy_db.insert(energy_db.end(), rows.energy_db.begin(), rows.energy_db.end());
    on_rows(rows, analysis.layout);
  };
  std::vector<float> block(kBlockSamples);
  std::int64_t num_samples = 0;
  while (const std::size_t count = reader.read(block)) {
    num_samples += static_cast<std::int64_t>(count);
    const std::span<const float> samples(block.data(), count);
    if (on_samples) on_samples(samples);
    extractor.push(samples);
    pull();
  }
  extractor.finish();
  pull();
  analysis.kept = kept_or_throw(name, energy_db, analysis.layout, recipe, num_samples);
  analysis.duration_s = reader.info().duration_s;
  for (const std::string& warning : reader.warnings()) {
    analysis.warnings.push_back(to_valid_utf8(warning));
  }
  return analysis;
}

}  // namespace

SongFeatures::SongFeatures(TensorFile file) : file_(std::move(file)) {
  const TensorView& lld = file_.at("lld", {-1, -1});
  num_frames_ = lld.shape[0];
  lld.as<float>();  // wrong element types are found here, not in the middle of training
  file_.at("spectrogram", {num_frames_, -1}).as<float>();
  file_.at("energy_db", {num_frames_}).as<float>();
  file_.at("time_s", {num_frames_}).as<double>();
  const std::span<const std::uint8_t> mask = file_.at("kept", {num_frames_}).as<std::uint8_t>();
  for (std::size_t frame = 0; frame < mask.size(); ++frame) {
    if (mask[frame] != 0) kept_frames_.push_back(static_cast<std::int32_t>(frame));
  }
  fingerprint_ = metadata_at(file_, kFingerprintKey);
  const nlohmann::ordered_json duration = feature_json_at(file_, kDurationKey);
  const nlohmann::ordered_json warnings = feature_json_at(file_, kWarningsKey);
  shared_recipe();
  try {
    duration_s_ = duration.get<double>();
    warnings_ = warnings.get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception&) {
    throw UsageError(file_.path().string() + ": not a feature file: odd metadata '" + kDurationKey +
                         "' or '" + kWarningsKey + "'",
                     "make feature files with `mer preprocess` or `mer features`");
  }
}

SongFeatures SongFeatures::open(const std::filesystem::path& file) {
  return SongFeatures(TensorFile::open(file));
}

Eigen::Map<const RowMatrixXf> SongFeatures::spectrogram() const {
  const TensorView& view = file_.at("spectrogram");
  return {view.as<float>().data(), view.shape[0], view.shape[1]};
}

Eigen::Map<const RowMatrixXf> SongFeatures::lld() const {
  const TensorView& view = file_.at("lld");
  return {view.as<float>().data(), view.shape[0], view.shape[1]};
}

void SongFeatures::read_ahead(std::int64_t first_kept, std::int64_t num_kept) const {
  const std::span<const std::int32_t> frames =
      std::span(kept_frames_)
          .subspan(static_cast<std::size_t>(first_kept), static_cast<std::size_t>(num_kept));
  if (frames.empty()) return;
  for (const char* name : {"spectrogram", "lld"}) {
    file_.read_ahead(file_.at(name), frames.front(), std::int64_t{frames.back()} + 1);
  }
}

std::span<const float> SongFeatures::energy_db() const { return file_.at("energy_db").as<float>(); }

std::span<const std::uint8_t> SongFeatures::kept() const {
  return file_.at("kept").as<std::uint8_t>();
}

std::span<const double> SongFeatures::time_s() const { return file_.at("time_s").as<double>(); }

nlohmann::ordered_json SongFeatures::shared_recipe() const {
  return feature_json_at(file_, kSharedRecipeKey);
}

Recipe SongFeatures::recipe() const {
  return options_from_json<Recipe>(feature_json_at(file_, kRecipeKey), file_.path().string());
}

SongAnalysis analyse_song(const std::filesystem::path& audio_file, const Recipe& recipe,
                          const OnRows& on_rows,
                          const std::function<void(std::span<const float>)>& on_samples) {
  return naming(audio_file.string(), [&] {
    AudioReader reader(audio_file, recipe.audio);
    return analyse(reader, audio_file.string(), recipe, on_rows, on_samples);
  });
}

SongAnalysis analyse_song(AudioReader& reader, const std::string& name, const Recipe& recipe,
                          const OnRows& on_rows,
                          const std::function<void(std::span<const float>)>& on_samples) {
  return naming(name, [&] { return analyse(reader, name, recipe, on_rows, on_samples); });
}

void extract_song(const std::filesystem::path& audio_file, const Recipe& recipe,
                  const std::filesystem::path& feature_file,
                  const std::function<void(std::span<const float>)>& on_samples) {
  naming(audio_file.string(), [&] {
    AudioReader reader(audio_file, recipe.audio);
    extract_song(reader, audio_file.string(), recipe, feature_file, on_samples);
  });
}

void extract_song(AudioReader& reader, const std::string& name, const Recipe& recipe,
                  const std::filesystem::path& feature_file,
                  const std::function<void(std::span<const float>)>& on_samples) {
  std::optional<FeatureWriter> writer;
  const auto write = [&](const FeatureSet& rows, const FeatureLayout& layout) {
    if (!writer) writer.emplace(feature_file, layout, recipe.audio.start_s);
    writer->write(rows);
  };
  const SongAnalysis analysis = analyse_song(reader, name, recipe, write, on_samples);
  writer->finish(analysis.kept, metadata_of(recipe, analysis));
}

double song_tuning(const std::filesystem::path& audio_file, const AudioOptions& options) {
  AudioReader reader(audio_file, options);
  TuningEstimator estimator(options.sample_rate_hz);
  std::vector<float> block(kBlockSamples);
  while (const std::size_t count = reader.read(block)) {
    estimator.push(std::span<const float>(block).first(count));
  }
  return std::round(100.0 * estimator.tuning()) / 100.0;
}

}  // namespace mer
