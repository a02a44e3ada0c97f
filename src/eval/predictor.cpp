#include "mer/eval/predictor.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "joined_opinion.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/data/segments.hpp"
#include "mer/metrics/scores.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

/// A folder of its own in the system's temporary folder, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code failure;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(failure);
    if (failure) {
      throw Error("the temporary folder can't be used: " + failure.message(),
                  "set TMPDIR to a folder that can be written");
    }
    std::string name = (parent / "mer-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error(parent.string() + ": no temporary folder can be made here: " +
                      std::generic_category().message(errno),
                  "free some space, or set TMPDIR to another folder");
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The mean over the systems that predict it; NaN when none does.
double mean_of_known(const std::vector<SystemAnswer>& answers, double SystemAnswer::*number) {
  double sum = 0.0;
  double count = 0.0;
  for (const SystemAnswer& answer : answers) {
    if (std::isnan(answer.*number)) continue;
    sum += answer.*number;
    ++count;
  }
  return sum / count;  // 0 / 0 is NaN
}

/// Kept frames that lie in at least one segment; segments ascend by their start.
std::int64_t covered_frames(const std::vector<Segment>& segments) {
  std::int64_t covered = 0;
  std::int64_t end = 0;
  for (const Segment& segment : segments) {
    const std::int64_t segment_end = segment.first + segment.length;
    covered += std::max<std::int64_t>(0, segment_end - std::max(end, segment.first));
    end = std::max(end, segment_end);
  }
  return covered;
}

void require_same_classes(const TrainedSystem& first, const TrainedSystem& other) {
  if (first.card().classes == other.card().classes) return;
  throw UsageError(other.file() + ": its classes are " + join(other.card().classes, ", ") +
                       ", those of " + first.file() + " are " + join(first.card().classes, ", "),
                   "models that answer together need the same classes in the same order");
}

}  // namespace

int SongPrediction::predicted() const { return argmax(probabilities); }

struct Predictor::Impl {
  std::vector<std::unique_ptr<TrainedSystem>> systems;
  JoinedOpinion opinion;
  std::string fingerprint;
  nlohmann::ordered_json shared_recipe;
  std::vector<std::int64_t> training_counts;
  bool systems_cut_alike = true;

  const TrainedSystem& first() const { return *systems.front(); }

  double seconds(std::int64_t frames) const {
    const Recipe& recipe = first().recipe();
    return static_cast<double>(frames) * recipe.features.frame.hop_samples /
           recipe.audio.sample_rate_hz;
  }

  void require_recipe_of(const SongFeatures& song) const {
    if (song.fingerprint() == fingerprint) return;
    require_same_recipe(song.shared_recipe(), shared_recipe, first().file());
    throw UsageError(first().file() + ": its recipe has the fingerprint " + fingerprint +
                         ", the features' is " + song.fingerprint(),
                     "make the features again");
  }

  /// Which music there was, when it was less than a segment.
  void warn_of_length(const SongFeatures& song, std::vector<std::string>& warnings) const {
    for (const auto& system : systems) {
      std::string note =
          system->note_on_length(static_cast<std::int64_t>(song.kept_frames().size()));
      if (note.empty()) continue;
      warnings.push_back(std::move(note));
      return;
    }
  }
};

Predictor::Predictor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Predictor Predictor::load(const std::vector<std::filesystem::path>& model_files,
                          const std::string& device) {
  if (model_files.empty()) throw std::invalid_argument("Predictor::load: no model files");
  auto impl = std::make_unique<Impl>();
  std::vector<JoinedOpinion> opinions;
  for (const std::filesystem::path& file : model_files) {
    opinions.push_back(load_systems(TensorFile::open(file), device, impl->systems));
  }
  impl->opinion = JoinedOpinion::of_all(std::move(opinions));
  const TrainedSystem& first = impl->first();
  impl->shared_recipe = first.recipe().shared();
  impl->fingerprint = first.recipe().fingerprint();
  impl->training_counts.assign(first.card().classes.size(), 0);
  for (const auto& system : impl->systems) {
    require_same_classes(first, *system);
    require_same_recipe(impl->shared_recipe, system->recipe().shared(), system->file());
    impl->systems_cut_alike = impl->systems_cut_alike && system->cuts_like(first);
    for (std::size_t c = 0; c < impl->training_counts.size(); ++c) {
      impl->training_counts[c] += system->card().training_counts[c];
    }
  }
  return Predictor(std::move(impl));
}

const std::vector<std::string>& Predictor::classes() const { return impl_->first().card().classes; }

const Recipe& Predictor::recipe() const { return impl_->first().recipe(); }

const std::vector<std::int64_t>& Predictor::training_counts() const {
  return impl_->training_counts;
}

SongPrediction Predictor::predict(const SongFeatures& song) const {
  impl_->require_recipe_of(song);
  if (song.kept_frames().empty()) {
    throw InputError("nothing but silence", "check the recording");
  }
  std::vector<SystemAnswer> answers;
  for (const auto& system : impl_->systems) answers.push_back(system->answer(song));

  const auto joined = [&](const auto& probabilities_of) {
    ProbabilityRows of_systems;
    for (const SystemAnswer& answer : answers) of_systems.push_back(probabilities_of(answer));
    return impl_->opinion.from(of_systems);
  };
  SongPrediction prediction;
  prediction.probabilities = joined([](const SystemAnswer& answer) { return answer.song; });
  prediction.duration_s = song.duration_s();
  prediction.warnings = song.warnings();
  impl_->warn_of_length(song, prediction.warnings);
  const std::vector<Segment>& segments = answers.front().segments;
  std::int64_t covered = 0;
  for (const SystemAnswer& answer : answers) {
    covered = std::max(covered, covered_frames(answer.segments));
  }
  prediction.analysed_s = impl_->seconds(covered);
  prediction.valence = mean_of_known(answers, &SystemAnswer::valence);
  prediction.arousal = mean_of_known(answers, &SystemAnswer::arousal);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const TimeSpan span = time_span(song, segments[s], recipe().audio.sample_rate_hz,
                                    recipe().features.frame.window_samples);
    prediction.segments.push_back(
        {span.start_s, span.end_s,
         impl_->systems_cut_alike
             ? joined([&](const SystemAnswer& answer) { return answer.probabilities[s]; })
             : answers.front().probabilities[s]});
  }
  return prediction;
}

SongPrediction Predictor::predict_file(const std::filesystem::path& audio_file,
                                       double max_seconds) const {
  Recipe whole = recipe();
  whole.audio.start_s = 0.0;
  whole.audio.duration_s = max_seconds;
  const TemporaryFolder folder;
  const std::filesystem::path features = folder.path() / "features.safetensors";
  extract_song(audio_file, whole, features);
  return predict(SongFeatures::open(features));
}

}  // namespace mer
