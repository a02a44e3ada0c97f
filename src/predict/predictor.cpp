#include "mer/predict/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "ensemble_tree.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/text.hpp"
#include "mer/embed/tagger_tags.hpp"
#include "mer/metrics/quadrants.hpp"
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

/// Valence and arousal where only probabilities of the four quadrants are known.
void derive_values_of(SongPrediction& song, const Quadrants& quadrants) {
  const auto derive = [&](auto& answer) {
    answer.valence = quadrants.valence(answer.probabilities);
    answer.arousal = quadrants.arousal(answer.probabilities);
  };
  derive(song);
  for (SegmentPrediction& segment : song.segments) derive(segment);
  song.derives_values = true;
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

class OpenedFiles {
 public:
  explicit OpenedFiles(const SongFiles& files) {
    for (const auto& file : files.features) features_.push_back(SongFeatures::open(file));
    for (const auto& file : files.embeddings) embeddings_.push_back(SongEmbeddings::open(file));
  }
  OpenSong song() const {
    OpenSong open;
    for (const SongFeatures& one : features_) open.features.push_back(&one);
    for (const SongEmbeddings& one : embeddings_) open.embeddings.push_back(&one);
    return open;
  }

 private:
  std::vector<SongFeatures> features_;
  std::vector<SongEmbeddings> embeddings_;
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
  std::vector<nlohmann::ordered_json> extractor_recipes;  ///< as the models have them
  std::vector<std::int64_t> training_counts;
  bool systems_cut_alike = true;
  std::optional<Quadrants> deriving;      ///< valence and arousal follow from these
  std::optional<TaggerTags> tagger_tags;  ///< of the first extractor
  /// The member that a song's place is told by: of those that have axes the one that counts most.
  std::optional<std::size_t> placing;

  const TrainedSystem& first() const { return *members.front().system; }

  void add(std::unique_ptr<TrainedSystem> system, const std::string& device,
           const WeightFiles& weights);
  void find_placing();
  bool answers_values() const;
  void require_recipes_of(const OpenSong& song) const;
  SongPrediction predict(const OpenSong& song) const;
  SegmentEmbeddings embed(const OpenSong& song) const;
  /// @return remarks on the song
  /// @throws UsageError, InputError as predict() does
  std::vector<std::string> check(const OpenSong& song) const;

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
  const auto found = std::find(extractor_recipes.begin(), extractor_recipes.end(), recipe);
  const auto index = static_cast<std::size_t>(found - extractor_recipes.begin());
  if (index == extractors.size()) {
    extractor_recipes.push_back(recipe);
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

void Predictor::Impl::find_placing() {
  std::vector<double> weights(members.size(), 0.0);
  tree.add_weights(weights);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].system->axes()) continue;
    if (!placing || weights[i] > weights[*placing]) placing = i;
  }
}

bool Predictor::Impl::answers_values() const {
  return std::ranges::any_of(
      members, [](const Member& member) { return member.system->card().answers_values(); });
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
  if (answers.size() == 1 && first().card().is_network()) {
    prediction.network_embedding = answers.front().embedding;
  }
  if (placing) {
    const SystemAnswer& answer = answers[*placing];
    const TrainedSystem& system = *members[*placing].system;
    prediction.embedding = system.axes()->coordinates(answer.embedding);
    // Of little music the numbers vary more than those of the songs held out.
    if (system.mostly_fills_segment(covered_frames(answer.segments))) {
      prediction.unlike_training = system.axes()->unlike(answer.embedding);
    }
  }
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
  if (deriving) derive_values_of(prediction, *deriving);
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

std::vector<std::string> Predictor::Impl::check(const OpenSong& song) const {
  require_recipes_of(song);
  std::vector<std::string> warnings;
  for (const SongFeatures* features : song.features) {
    if (features->kept_frames().empty()) {
      throw InputError("nothing but silence", "check the recording");
    }
    add_new(features->warnings(), warnings);
  }
  for (const SongEmbeddings* embeddings : song.embeddings) {
    add_new(embeddings->warnings(), warnings);
  }
  return warnings;
}

SegmentEmbeddings Predictor::Impl::embed(const OpenSong& song) const {
  SegmentEmbeddings result;
  result.warnings = check(song);
  const SongInputs inputs = members.front().inputs_from(song);
  const SystemAnswer answer = first().answer(inputs);
  for (const Segment& segment : answer.segments) {
    result.spans.push_back(time_span(inputs.features, segment,
                                     first().recipe().audio.sample_rate_hz,
                                     first().recipe().features.frame.window_samples));
  }
  result.values = Eigen::Map<const RowMatrixXf>(
      answer.segment_embeddings.data(), std::ssize(answer.segments), std::ssize(answer.embedding));
  return result;
}

SongPrediction Predictor::Impl::predict(const OpenSong& song) const {
  SongPrediction prediction;
  prediction.warnings = check(song);
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
  if (!tagger_tags) return prediction;
  const std::vector<double> probabilities = tagger_tags->answer(*song.embeddings.front());
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const std::string& name = tagger_tags->names()[i];
    prediction.tags.emplace_back(name, probabilities[i]);
    if (probabilities[i] >= TaggerTags::kThreshold) prediction.labels.push_back(name);
  }
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
  impl->find_placing();
  return Predictor(std::move(impl));
}

const std::vector<std::string>& Predictor::classes() const { return impl_->first().card().classes; }

ModelAnswers Predictor::answers() const {
  AnswerKinds kinds{
      .classes = classes(),
      .has_values = impl_->answers_values() || impl_->deriving,
      .tags = impl_->tagger_tags ? impl_->tagger_tags->names() : impl_->first().card().tags,
      .derives_values = impl_->deriving.has_value()};
  return {std::move(kinds), training_counts()};
}

void Predictor::derive_values() {
  if (!impl_->answers_values()) impl_->deriving = Quadrants::of(classes());
}

void Predictor::add_tags(const WeightFiles& weights) {
  if (!impl_->first().card().tags.empty()) {
    throw UsageError("the model answers tags of its own", "leave --tags out");
  }
  if (impl_->extractors.empty()) {
    throw UsageError("tags are answered by the bundled taggers, and the model sees none",
                     "take a model that sees one, as -m default does");
  }
  impl_->tagger_tags.emplace(impl_->extractors.front(), weights);
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
  const OpenedFiles files(song);
  return impl_->predict(files.song());
}

bool Predictor::can_adapt() const {
  return std::ranges::any_of(impl_->members,
                             [](const auto& member) { return member.system->can_adapt(); });
}

Predictor::AdaptationRows Predictor::adaptation_rows(const SongFiles& song) const {
  const OpenedFiles files(song);
  const OpenSong open = files.song();
  impl_->check(open);
  AdaptationRows rows;
  for (const Member& member : impl_->members) {
    if (member.system->can_adapt()) {
      rows.push_back(member.system->adaptation_rows(member.inputs_from(open)));
    }
  }
  return rows;
}

Predictor::AdaptationRows Predictor::adaptation_rows_of_file(
    const std::filesystem::path& audio_file, double max_seconds,
    const std::function<bool()>& stop) const {
  const ScratchFolder folder;
  return adaptation_rows(make_files(folder.path(), audio_file, max_seconds, stop));
}

double Predictor::adapt(const std::vector<AdaptationRows>& songs) {
  if (!can_adapt()) throw std::invalid_argument("Predictor::adapt: no model can adapt");
  double strength = 0.0;
  std::size_t place = 0;
  for (Member& member : impl_->members) {
    if (!member.system->can_adapt()) continue;
    std::vector<std::vector<RowMatrixXf>> of_member;
    for (const AdaptationRows& song : songs) of_member.push_back(song[place]);
    strength = std::max(strength, member.system->adapt(of_member));
    ++place;
  }
  return strength;
}

std::vector<double> Predictor::song_vector(const SongFiles& song) const {
  const OpenedFiles files(song);
  const OpenSong open = files.song();
  impl_->require_recipes_of(open);
  return impl_->first().answer(impl_->members.front().inputs_from(open)).embedding;
}

SongPrediction Predictor::predict_file(const std::filesystem::path& audio_file, double max_seconds,
                                       const std::function<bool()>& stop) const {
  const ScratchFolder folder;
  return predict(make_files(folder.path(), audio_file, max_seconds, stop));
}

SegmentEmbeddings Predictor::embed_file(const std::filesystem::path& audio_file, double max_seconds,
                                        const std::function<bool()>& stop) const {
  if (impl_->members.size() != 1 || !impl_->first().card().is_network()) {
    throw std::invalid_argument("Predictor::embed_file: the model is not one network");
  }
  const ScratchFolder folder;
  const OpenedFiles files(make_files(folder.path(), audio_file, max_seconds, stop));
  return impl_->embed(files.song());
}

SongFiles Predictor::make_files(const std::filesystem::path& folder,
                                const std::filesystem::path& audio_file, double max_seconds,
                                const std::function<bool()>& stop) const {
  const auto on_samples = [&](std::span<const float>) {
    if (stop && stop()) throw Interrupted(audio_file.string() + ": interrupted");
  };
  SongFiles files;
  std::optional<AudioReader> opened;  // decoded once for all of them
  for (Recipe recipe : recipes()) {
    recipe.audio.start_s = 0.0;
    recipe.audio.duration_s = max_seconds;
    files.features.push_back(folder / ("features-" + std::to_string(files.features.size())));
    AudioReader reader =
        opened ? opened->again(recipe.audio) : AudioReader(audio_file, recipe.audio);
    extract_song(reader, audio_file.string(), recipe, files.features.back(), on_samples);
    if (!opened) opened.emplace(std::move(reader));
  }
  for (const EmbeddingExtractor& extractor : extractors()) {
    files.embeddings.push_back(folder / ("embeddings-" + std::to_string(files.embeddings.size())));
    extractor.of_part(0.0, max_seconds)
        .extract(audio_file, files.embeddings.back(), on_samples, opened ? &*opened : nullptr);
  }
  return files;
}

}  // namespace mer
