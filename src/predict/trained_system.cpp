#include "trained_system.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/store/layout_json.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> mean(const std::vector<std::vector<double>>& rows) {
  std::vector<double> sum(rows.front().size(), 0.0);
  for (const std::vector<double>& row : rows) {
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += row[c];
  }
  for (double& value : sum) value /= static_cast<double>(rows.size());
  return sum;
}

}  // namespace

std::unique_ptr<TrainedSystem> TrainedSystem::load(const TensorFile& file,
                                                   const std::string& device) {
  return ModelCard::read(file).is_network() ? load_network_system(file, device)
                                            : load_classic_system(file);
}

TrainedSystem::TrainedSystem(const TensorFile& file, bool answers_for_songs)
    : file_(file.path().string()),
      card_(ModelCard::read(file)),
      recipe_(options_in_card<Recipe>(card_.recipe, "recipe", file_)),
      segment_(options_in_card<SegmentOptions>(card_.segment, "segment", file_)),
      layout_(layout_from_json(Json::parse(card_.layout), file_)),
      axes_(SongAxes::from(file)),
      answers_for_songs_(answers_for_songs),
      segment_frames_(segment_.num_frames(layout_.sample_rate_hz, layout_.hop_samples)),
      hop_frames_(segment_.hop_frames(layout_.sample_rate_hz, layout_.hop_samples, true)),
      padded_frames_(
          frames_in(recipe_.audio.pad_to_s, layout_.sample_rate_hz, layout_.hop_samples)) {
  require_same_recipe(recipe_.shared(), Json::parse(card_.recipe_shared), file_);
}

Json TrainedSystem::embedding_recipe() const {
  return card_.embeddings.empty() ? Json() : Json::parse(card_.embeddings);
}

bool TrainedSystem::cuts_like(const TrainedSystem& other) const {
  if (answers_for_songs_ || other.answers_for_songs_) {
    return answers_for_songs_ && other.answers_for_songs_;
  }
  return recipe_.fingerprint() == other.recipe_.fingerprint() &&
         segment_frames_ == other.segment_frames_ && hop_frames_ == other.hop_frames_ &&
         segment_.tail == other.segment_.tail && padded_frames_ == other.padded_frames_;
}

std::string TrainedSystem::note_on_length(std::int64_t num_kept) const {
  if (num_kept >= segment_frames_) return {};
  const double music_s = std::round(seconds(num_kept) * 100.0) / 100.0;
  return "only " + format_number(music_s) + " s of music, less than a segment of " +
         format_number(segment_.length_s) + " s";
}

bool TrainedSystem::mostly_fills_segment(std::int64_t num_kept) const {
  return answers_for_songs_ || 3 * num_kept >= 2 * segment_frames_;
}

std::vector<Segment> TrainedSystem::segments_of(const SongInputs& song) const {
  require_columns(song.features);
  const auto num_kept = static_cast<std::int64_t>(song.features.kept_frames().size());
  if (answers_for_songs_) return {{0, num_kept}};
  return cut_segments(num_kept, segment_frames_, hop_frames_, segment_.tail, padded_frames_);
}

SystemAnswer TrainedSystem::answer(const SongInputs& song) const {
  SystemAnswer answer;
  answer.segments = segments_of(song);
  fill(song, answer);
  if (card_.classes.empty()) return answer;
  const double temperature = card_.calibration.temperature;
  answer.song = with_temperature(mean(answer.probabilities), temperature);
  for (auto& row : answer.probabilities) row = with_temperature(row, temperature);
  return answer;
}

double TrainedSystem::seconds(std::int64_t frames) const {
  return static_cast<double>(frames) * recipe_.features.frame.hop_samples /
         recipe_.audio.sample_rate_hz;
}

void TrainedSystem::require_columns(const SongFeatures& song) const {
  if (song.spectrogram().cols() == layout_.spectrogram_columns() &&
      song.lld().cols() == layout_.lld_width()) {
    return;
  }
  throw UsageError(
      file_ + ": the model wants " + std::to_string(layout_.spectrogram_columns()) +
          " spectrogram and " + std::to_string(layout_.lld_width()) +
          " descriptor columns, the features have " + std::to_string(song.spectrogram().cols()) +
          " and " + std::to_string(song.lld().cols()),
      "the model was made by mer " + card_.mer_version + "; train it again, or use that version");
}

void TrainedSystem::require_finite(const std::vector<double>& probabilities) const {
  if (std::all_of(probabilities.begin(), probabilities.end(),
                  [](double p) { return std::isfinite(p); })) {
    return;
  }
  refuse("it answers with numbers that are not finite");
}

DescriptorOptions TrainedSystem::descriptor_options() const {
  if (card_.descriptors.empty()) refuse("it has no 'descriptors'");
  return options_in_card<DescriptorOptions>(card_.descriptors, "descriptors", file_);
}

std::int64_t TrainedSystem::embedding_columns() const {
  if (card_.embeddings.empty()) refuse("it has no 'embeddings'");
  return mer::embedding_columns(embedding_recipe(), file_);
}

void TrainedSystem::refuse(const std::string& reason) const {
  throw UsageError(file_ + ": not a usable model: " + reason,
                   "give a best.safetensors or last.safetensors that `mer train` wrote");
}

}  // namespace mer
