#include "mer/predict/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "ensemble_tree.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/text.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/store/segments.hpp"
#include "trained_system.hpp"

namespace mer {
namespace {

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

/// The mean of the systems' tags.
std::vector<double> mean_tags(const std::vector<SystemAnswer>& answers) {
  std::vector<double> mean(answers.front().tags.size(), 0.0);
  for (const SystemAnswer& answer : answers) {
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += answer.tags[i] / static_cast<double>(answers.size());
    }
  }
  return mean;
}

/// Segments' valence and arousal, at the middle of each.
void set_curve(SongPrediction& prediction) {
  EmotionCurve curve;
  for (const SegmentPrediction& segment : prediction.segments) {
    if (std::isnan(segment.valence)) return;
    curve.time_s.push_back((segment.start_s + segment.end_s) / 2.0);
    curve.valence.push_back(segment.valence);
    curve.arousal.push_back(segment.arousal);
  }
  prediction.over_time = std::move(curve);
}

void require_same_answers(const TrainedSystem& first, const TrainedSystem& other) {
  if (first.card().tags != other.card().tags) {
    throw UsageError(other.file() + ": its tags are others than those of " + first.file(),
                     "models that answer together need the same tags in the same order");
  }
  if (first.card().classes == other.card().classes) return;
  throw UsageError(other.file() + ": its classes are " + join(other.card().classes, ", ") +
                       ", those of " + first.file() + " are " + join(first.card().classes, ", "),
                   "models that answer together need the same classes in the same order");
}

/// Remarks on a song, each once.
void add_new(const std::vector<std::string>& remarks, std::vector<std::string>& all) {
  for (const std::string& remark : remarks) {
    if (std::find(all.begin(), all.end(), remark) == all.end()) all.push_back(remark);
  }
}

/// A song's opened files.
struct OpenSong {
  std::vector<const SongFeatures*> features;      // parallel to Predictor::recipes()
  std::vector<const SongEmbeddings*> embeddings;  // parallel to Predictor::extractors()
};

/// A system and what it sees of a song.
struct Member {
  std::unique_ptr<TrainedSystem> system;
  std::size_t recipe = 0;                // index into Predictor::recipes()
  std::optional<std::size_t> extractor;  // index into Predictor::extractors()

  SongInputs inputs_from(const OpenSong& song) const {
    return {*song.features[recipe], extractor ? song.embeddings[*extractor] : nullptr};
  }
};

}  // namespace

bool SongFiles::complete() const {
  const auto is_there = [](const std::filesystem::path& file) { return !file.empty(); };
  return std::all_of(features.begin(), features.end(), is_there) &&
         std::all_of(embeddings.begin(), embeddings.end(), is_there);
}

struct Predictor::Impl {
  std::vector<Member> members;
  EnsembleTree tree;  ///< of the members
  std::vector<Recipe> recipes;
  std::vector<EmbeddingExtractor> extractors;
  std::vector<std::int64_t> training_counts;
  bool systems_cut_alike = true;

  const TrainedSystem& first() const { return *members.front().system; }

  void add(std::unique_ptr<TrainedSystem> system, const std::string& device,
           const WeightFiles& weights);
  void require_recipes_of(const OpenSong& song) const;
  SongPrediction predict(const OpenSong& song) const;

 private:
  std::size_t index_of_recipe(const TrainedSystem& system);
  std::optional<std::size_t> index_of_extractor(const TrainedSystem& system,
                                                const std::string& device,
                                                const WeightFiles& weights);
  void combine(const std::vector<SystemAnswer>& answers, const SongFeatures& song,
               SongPrediction& prediction) const;
  /// A segment's valence and arousal, where a system predicts them.
  void set_values(const std::vector<SystemAnswer>& answers, std::size_t s,
                  SegmentPrediction& segment) const;
};

std::size_t Predictor::Impl::index_of_recipe(const TrainedSystem& system) {
  const std::string fingerprint = system.recipe().fingerprint();
  const auto found = std::find_if(recipes.begin(), recipes.end(), [&](const Recipe& recipe) {
    return recipe.fingerprint() == fingerprint;
  });
  const auto index = static_cast<std::size_t>(found - recipes.begin());
  if (index == recipes.size()) recipes.push_back(system.recipe());
  return index;
}

std::optional<std::size_t> Predictor::Impl::index_of_extractor(const TrainedSystem& system,
                                                               const std::string& device,
                                                               const WeightFiles& weights) {
  const nlohmann::ordered_json recipe = system.embedding_recipe();
  if (recipe.is_null()) return std::nullopt;
  const auto found =
      std::find_if(extractors.begin(), extractors.end(),
                   [&](const EmbeddingExtractor& one) { return one.recipe() == recipe; });
  const auto index = static_cast<std::size_t>(found - extractors.begin());
  if (index == extractors.size()) {
    extractors.push_back(EmbeddingExtractor::of_recipe(recipe, system.file(), weights, device));
  }
  return index;
}

void Predictor::Impl::add(std::unique_ptr<TrainedSystem> system, const std::string& device,
                          const WeightFiles& weights) {
  Member member;
  member.recipe = index_of_recipe(*system);
  member.extractor = index_of_extractor(*system, device, weights);
  member.system = std::move(system);
  members.push_back(std::move(member));
  const TrainedSystem& added = *members.back().system;
  require_same_answers(first(), added);
  systems_cut_alike = systems_cut_alike && added.cuts_like(first());
  training_counts.resize(first().card().classes.size(), 0);
  for (std::size_t c = 0; c < training_counts.size(); ++c) {
    training_counts[c] += added.card().training_counts[c];
  }
}

void Predictor::Impl::require_recipes_of(const OpenSong& song) const {
  for (const Member& member : members) {
    const std::string& file = member.system->file();
    const SongInputs inputs = member.inputs_from(song);
    const auto require = [&](const std::string& found, const std::string& wanted,
                             const nlohmann::ordered_json& found_recipe,
                             const nlohmann::ordered_json& wanted_recipe) {
      if (found == wanted) return;
      require_same_recipe(found_recipe, wanted_recipe, file);
      throw UsageError(
          file + ": its recipe has the fingerprint " + wanted + ", the song's is " + found,
          "make the features again");
    };
    const Recipe& recipe = recipes[member.recipe];
    require(inputs.features.fingerprint(), recipe.fingerprint(), inputs.features.shared_recipe(),
            recipe.shared());
    if (inputs.embeddings == nullptr) continue;
    const EmbeddingExtractor& extractor = extractors[*member.extractor];
    require(inputs.embeddings->fingerprint(), extractor.fingerprint(), inputs.embeddings->recipe(),
            extractor.recipe());
  }
}

void Predictor::Impl::combine(const std::vector<SystemAnswer>& answers, const SongFeatures& song,
                              SongPrediction& prediction) const {
  const auto together = [&](const auto& probabilities_of) {
    ProbabilityRows of_systems;
    for (const SystemAnswer& answer : answers) of_systems.push_back(probabilities_of(answer));
    return tree.answer(of_systems);
  };
  const bool has_classes = !first().card().classes.empty();
  if (has_classes) {
    prediction.probabilities = together([](const SystemAnswer& answer) { return answer.song; });
  }
  const std::vector<double> tags = mean_tags(answers);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string& name = first().card().tags[i];
    prediction.tags.emplace_back(name, tags[i]);
    double threshold = 0.0;
    for (const Member& member : members) {
      threshold += member.system->card().tag_thresholds[i] / static_cast<double>(members.size());
    }
    if (tags[i] >= threshold) prediction.labels.push_back(name);
  }
  prediction.valence = mean_of_known(answers, &SystemAnswer::valence);
  prediction.arousal = mean_of_known(answers, &SystemAnswer::arousal);
  if (answers.size() == 1) prediction.network_embedding = answers.front().embedding;
  const Recipe& recipe = first().recipe();
  const std::vector<Segment>& segments = answers.front().segments;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const TimeSpan span = time_span(song, segments[s], recipe.audio.sample_rate_hz,
                                    recipe.features.frame.window_samples);
    SegmentPrediction& segment =
        prediction.segments.emplace_back(SegmentPrediction{span.start_s, span.end_s, {}});
    if (has_classes) {
      segment.probabilities =
          systems_cut_alike
              ? together([&](const SystemAnswer& answer) { return answer.probabilities[s]; })
              : answers.front().probabilities[s];
    }
    set_values(answers, s, segment);
  }
  set_curve(prediction);
}

void Predictor::Impl::set_values(const std::vector<SystemAnswer>& answers, std::size_t s,
                                 SegmentPrediction& segment) const {
  double valence = 0.0;
  double arousal = 0.0;
  double count = 0.0;
  for (const SystemAnswer& answer : answers) {
    if (answer.values.empty()) continue;
    valence += answer.values[s][0];
    arousal += answer.values[s][1];
    ++count;
    if (!systems_cut_alike) break;
  }
  if (count == 0.0) return;
  segment.valence = valence / count;
  segment.arousal = arousal / count;
}

SongPrediction Predictor::Impl::predict(const OpenSong& song) const {
  require_recipes_of(song);
  SongPrediction prediction;
  for (const SongFeatures* features : song.features) {
    if (features->kept_frames().empty()) {
      throw InputError("nothing but silence", "check the recording");
    }
    add_new(features->warnings(), prediction.warnings);
  }
  for (const SongEmbeddings* embeddings : song.embeddings) {
    add_new(embeddings->warnings(), prediction.warnings);
  }
  std::vector<SystemAnswer> answers;
  bool noted_length = false;
  for (const Member& member : members) {
    const SongInputs inputs = member.inputs_from(song);
    answers.push_back(member.system->answer(inputs));
    const double covered_s = member.system->seconds(covered_frames(answers.back().segments));
    prediction.analysed_s = std::max(prediction.analysed_s, covered_s);
    if (noted_length) continue;
    // Which music there was, when it was less than a segment.
    std::string note = member.system->note_on_length(
        static_cast<std::int64_t>(inputs.features.kept_frames().size()));
    noted_length = !note.empty();
    if (noted_length) prediction.warnings.push_back(std::move(note));
  }
  prediction.duration_s = song.features.front()->duration_s();
  combine(answers, *song.features.front(), prediction);
  return prediction;
}

Predictor::Predictor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Predictor Predictor::load(const std::vector<std::filesystem::path>& model_files,
                          const std::string& device, const WeightFiles& weights) {
  if (model_files.empty()) throw std::invalid_argument("Predictor::load: no model files");
  auto impl = std::make_unique<Impl>();
  std::vector<EnsembleTree> trees;
  const auto add = [&](std::unique_ptr<TrainedSystem> system) {
    impl->add(std::move(system), device, weights);
    return impl->members.size() - 1;
  };
  for (const std::filesystem::path& file : model_files) {
    trees.push_back(load_systems(TensorFile::open(file), device, add));
  }
  impl->tree = EnsembleTree::of_equals(std::move(trees));
  return Predictor(std::move(impl));
}

const std::vector<std::string>& Predictor::classes() const { return impl_->first().card().classes; }

ModelAnswers Predictor::answers() const {
  const bool has_values = std::ranges::any_of(
      impl_->members, [](const Member& member) { return member.system->card().answers_values(); });
  return {{classes(), has_values, impl_->first().card().tags}, training_counts()};
}

const std::vector<Recipe>& Predictor::recipes() const { return impl_->recipes; }

const std::vector<EmbeddingExtractor>& Predictor::extractors() const { return impl_->extractors; }

const std::vector<std::int64_t>& Predictor::training_counts() const {
  return impl_->training_counts;
}

SongPrediction Predictor::predict(const SongFeatures& song) const {
  if (impl_->recipes.size() != 1 || !impl_->extractors.empty()) {
    throw std::invalid_argument("Predictor::predict: the models want more than these features");
  }
  return impl_->predict({{&song}, {}});
}

SongPrediction Predictor::predict(const SongFiles& song) const {
  if (song.features.size() != impl_->recipes.size() ||
      song.embeddings.size() != impl_->extractors.size()) {
    throw std::invalid_argument("Predictor::predict: not a file for each recipe and extractor");
  }
  std::vector<SongFeatures> features;
  std::vector<SongEmbeddings> embeddings;
  OpenSong open;
  for (const auto& file : song.features) features.push_back(SongFeatures::open(file));
  for (const auto& file : song.embeddings) embeddings.push_back(SongEmbeddings::open(file));
  for (const SongFeatures& one : features) open.features.push_back(&one);
  for (const SongEmbeddings& one : embeddings) open.embeddings.push_back(&one);
  return impl_->predict(open);
}

SongPrediction Predictor::predict_file(const std::filesystem::path& audio_file, double max_seconds,
                                       const std::function<bool()>& stop) const {
  const auto on_samples = [&](std::span<const float>) {
    if (stop && stop()) throw Interrupted(audio_file.string() + ": interrupted");
  };
  const ScratchFolder folder;
  SongFiles files;
  for (Recipe recipe : recipes()) {
    recipe.audio.start_s = 0.0;
    recipe.audio.duration_s = max_seconds;
    files.features.push_back(folder.path() / ("features-" + std::to_string(files.features.size())));
    extract_song(audio_file, recipe, files.features.back(), on_samples);
  }
  for (const EmbeddingExtractor& extractor : extractors()) {
    files.embeddings.push_back(folder.path() /
                               ("embeddings-" + std::to_string(files.embeddings.size())));
    extractor.of_part(0.0, max_seconds).extract(audio_file, files.embeddings.back(), on_samples);
  }
  return predict(files);
}

}  // namespace mer
