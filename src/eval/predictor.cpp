#include "mer/eval/predictor.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/data/network_input.hpp"
#include "mer/data/segments.hpp"
#include "mer/data/standardisation.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/model/classifier.hpp"
#include "mer/model/model_card.hpp"

namespace mer {
namespace {

constexpr std::int64_t kBatchSegments = 16;
constexpr double kSmallestProbability = 1e-12;

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

[[noreturn]] void refuse_model(const std::string& file, const std::string& reason) {
  throw UsageError(file + ": not a usable model: " + reason,
                   "give a best.safetensors or last.safetensors that `mer train` wrote");
}

/// The columns as the model saw them in training (ModelCard::layout).
FeatureLayout layout_of(const ModelCard& card, const std::string& file) {
  FeatureLayout layout;
  try {
    const nlohmann::ordered_json& json = card.layout;
    layout.sample_rate_hz = json.at("sample_rate_hz").get<int>();
    layout.window_samples = json.at("window_samples").get<int>();
    layout.hop_samples = json.at("hop_samples").get<int>();
    layout.spectrogram.num_columns = json.at("spectrogram_columns").get<int>();
    layout.lld_columns = json.at("lld_columns").get<std::vector<std::string>>();
    for (const auto& group : json.at("lld_groups")) {
      ColumnGroup columns;
      columns.name = group.at("name").get<std::string>();
      columns.first_column = group.at("first_column").get<int>();
      columns.num_columns = group.at("num_columns").get<int>();
      if (columns.first_column < 0 || columns.num_columns < 1 ||
          columns.first_column + columns.num_columns > layout.lld_width()) {
        refuse_model(file, "its layout's group '" + columns.name + "' is outside the columns");
      }
      layout.lld.push_back(std::move(columns));
    }
  } catch (const nlohmann::json::exception&) {
    refuse_model(file, "its 'layout' is incomplete");
  }
  if (layout.sample_rate_hz < 1 || layout.window_samples < 1 || layout.hop_samples < 1) {
    refuse_model(file, "its layout has a rate, window or hop below 1");
  }
  return layout;
}

Standardisation standardisation_of(const TensorFile& weights, const FeatureLayout& layout) {
  Standardisation standardisation = Standardisation::from(weights);
  const auto check = [&](const std::vector<float>& values, int columns, const char* what) {
    if (values.size() != static_cast<std::size_t>(columns)) {
      refuse_model(weights.path().string(), std::string("its standardisation has ") +
                                                std::to_string(values.size()) + " " + what +
                                                " columns, its layout " + std::to_string(columns));
    }
  };
  check(standardisation.spectrogram_mean, layout.spectrogram_columns(), "spectrogram");
  check(standardisation.spectrogram_deviation, layout.spectrogram_columns(), "spectrogram");
  check(standardisation.lld_mean, layout.lld_width(), "descriptor");
  check(standardisation.lld_deviation, layout.lld_width(), "descriptor");
  return standardisation;
}

/// Segments of one model and each one's class probabilities.
struct ModelAnswer {
  std::vector<Segment> segments;
  std::vector<std::vector<double>> probabilities;  ///< parallel to segments
};

/// One model file, ready to answer.
class Model {
 public:
  Model(const std::filesystem::path& path, const std::string& device)
      : Model(TensorFile::open(path), device) {}

  const std::string& file() const { return file_; }
  const ModelCard& card() const { return card_; }
  const Recipe& recipe() const { return recipe_; }
  std::int64_t segment_frames() const { return segment_frames_; }
  double segment_seconds() const { return segment_.seconds; }

  bool cuts_like(const Model& other) const {
    return segment_frames_ == other.segment_frames_ && hop_frames_ == other.hop_frames_ &&
           segment_.tail == other.segment_.tail && padded_frames_ == other.padded_frames_;
  }

  ModelAnswer answer(const SongFeatures& song) const {
    require_columns(song);
    ModelAnswer answer;
    const auto num_kept = static_cast<std::int64_t>(song.kept_frames().size());
    answer.segments =
        cut_segments(num_kept, segment_frames_, hop_frames_, segment_.tail, padded_frames_);
    const auto num_segments = static_cast<std::int64_t>(answer.segments.size());
    for (std::int64_t first = 0; first < num_segments; first += kBatchSegments) {
      const std::int64_t size = std::min(kBatchSegments, num_segments - first);
      InputBatch batch = inputs_.make_batch(size);
      for (std::int64_t row = 0; row < size; ++row) {
        inputs_.fill(song, answer.segments[static_cast<std::size_t>(first + row)], row, batch);
      }
      append(answer.probabilities,
             classifier_.probabilities(batch.spectrogram, batch.spectrogram_valid, batch.lld,
                                       batch.lld_valid));
    }
    return answer;
  }

 private:
  Model(const TensorFile& weights, const std::string& device)
      : file_(weights.path().string()),
        card_(ModelCard::read(weights)),
        recipe_(options_from_json<Recipe>(card_.recipe, file_ + " ('recipe' of the model)")),
        segment_(
            options_from_json<SegmentOptions>(card_.segment, file_ + " ('segment' of the model)")),
        layout_(layout_of(card_, file_)),
        segment_frames_(segment_.num_frames(layout_.sample_rate_hz, layout_.hop_samples)),
        hop_frames_(segment_.hop_frames(layout_.sample_rate_hz, layout_.hop_samples, true)),
        padded_frames_(frames_in(recipe_.audio.pad_to_seconds, layout_)),
        inputs_(layout_, segment_frames_,
                options_from_json<InputOptions>(card_.inputs, file_ + " ('inputs' of the model)"),
                standardisation_of(weights, layout_), inputs_of(card_.model)),
        classifier_(card_.model, checked_shape(), weights, ModelCard::kNetworkPrefix, device) {}

  static std::int64_t frames_in(double seconds, const FeatureLayout& layout) {
    if (seconds <= 0.0) return 0;
    SegmentOptions whole;
    whole.seconds = seconds;
    return whole.num_frames(layout.sample_rate_hz, layout.hop_samples);
  }

  /// The network's input sizes, which must be those that the options give.
  const NetworkShape& checked_shape() const {
    const InputShape& made = inputs_.shape();
    const NetworkShape& wanted = card_.shape;
    if (made.spectrogram_bands != wanted.spectrogram_bands ||
        made.spectrogram_steps != wanted.spectrogram_steps ||
        made.lld_columns != wanted.lld_columns || made.lld_steps != wanted.lld_steps ||
        made.lld_branches != wanted.lld_branches) {
      refuse_model(file_, "its network wants inputs of another size than its options give");
    }
    return wanted;
  }

  void require_columns(const SongFeatures& song) const {
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

  void append(std::vector<std::vector<double>>& rows, const std::vector<double>& flat) const {
    const auto width = static_cast<std::ptrdiff_t>(card_.classes.size());
    for (auto row = flat.begin(); row != flat.end(); row += width) {
      if (!std::all_of(row, row + width, [](double p) { return std::isfinite(p); })) {
        refuse_model(file_, "it answers with numbers that are not finite");
      }
      rows.emplace_back(row, row + width);
    }
  }

  std::string file_;
  ModelCard card_;
  Recipe recipe_;
  SegmentOptions segment_;
  FeatureLayout layout_;
  std::int64_t segment_frames_;
  std::int64_t hop_frames_;
  std::int64_t padded_frames_;
  InputBuilder inputs_;
  Classifier classifier_;
};

std::vector<double> mean(const std::vector<std::vector<double>>& rows) {
  std::vector<double> sum(rows.front().size(), 0.0);
  for (const std::vector<double>& row : rows) {
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += row[c];
  }
  for (double& value : sum) value /= static_cast<double>(rows.size());
  return sum;
}

/// Normalised geometric mean, i.e. the mean of the log-probabilities. One opinion stays as it is.
std::vector<double> join_opinions(const std::vector<std::vector<double>>& opinions) {
  if (opinions.size() == 1) return opinions.front();
  std::vector<double> joined(opinions.front().size(), 0.0);
  for (const std::vector<double>& opinion : opinions) {
    for (std::size_t c = 0; c < joined.size(); ++c) {
      joined[c] += std::log(std::max(opinion[c], kSmallestProbability));
    }
  }
  double sum = 0.0;
  for (double& value : joined) {
    value = std::exp(value / static_cast<double>(opinions.size()));
    sum += value;
  }
  for (double& value : joined) value /= sum;
  return joined;
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

void require_same_classes(const Model& first, const Model& other) {
  if (first.card().classes == other.card().classes) return;
  throw UsageError(other.file() + ": its classes are " + join(other.card().classes, ", ") +
                       ", those of " + first.file() + " are " + join(first.card().classes, ", "),
                   "models that answer together need the same classes in the same order");
}

}  // namespace

int SongPrediction::predicted() const { return argmax(probabilities); }

struct Predictor::Impl {
  std::vector<Model> models;
  std::string fingerprint;
  nlohmann::ordered_json shared_recipe;
  std::vector<std::int64_t> training_counts;
  bool models_cut_alike = true;

  const Model& first() const { return models.front(); }

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
  void warn_of_padding(const SongFeatures& song, std::vector<std::string>& warnings) const {
    const auto num_kept = static_cast<std::int64_t>(song.kept_frames().size());
    const auto longer = std::find_if(models.begin(), models.end(), [&](const Model& model) {
      return num_kept < model.segment_frames();
    });
    if (longer == models.end()) return;
    const double music_s = std::round(seconds(num_kept) * 100.0) / 100.0;
    warnings.push_back("only " + format_number(music_s) + " s of music, less than a segment of " +
                       format_number(longer->segment_seconds()) + " s: the rest is padding");
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
  for (const std::filesystem::path& file : model_files) impl->models.emplace_back(file, device);
  const Model& first = impl->first();
  impl->shared_recipe = first.recipe().shared();
  impl->fingerprint = first.recipe().fingerprint();
  impl->training_counts.assign(first.card().classes.size(), 0);
  for (const Model& model : impl->models) {
    require_same_classes(first, model);
    require_same_recipe(impl->shared_recipe, model.recipe().shared(), model.file());
    impl->models_cut_alike = impl->models_cut_alike && model.cuts_like(first);
    for (std::size_t c = 0; c < impl->training_counts.size(); ++c) {
      impl->training_counts[c] += model.card().training_counts[c];
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
  std::vector<ModelAnswer> answers;
  for (const Model& model : impl_->models) answers.push_back(model.answer(song));

  // With models that cut alike, the first one's segments stand for all.
  std::vector<std::vector<double>> of_segments = answers.front().probabilities;
  std::vector<std::vector<double>> of_models;
  if (impl_->models_cut_alike) {
    for (std::size_t s = 0; s < of_segments.size(); ++s) {
      std::vector<std::vector<double>> opinions;
      for (const ModelAnswer& answer : answers) opinions.push_back(answer.probabilities[s]);
      of_segments[s] = join_opinions(opinions);
    }
    of_models.push_back(mean(of_segments));
  } else {
    for (const ModelAnswer& answer : answers) of_models.push_back(mean(answer.probabilities));
  }

  SongPrediction prediction;
  prediction.probabilities = join_opinions(of_models);
  prediction.duration_s = song.duration_s();
  prediction.warnings = song.warnings();
  impl_->warn_of_padding(song, prediction.warnings);
  const std::vector<Segment>& segments = answers.front().segments;
  std::int64_t covered = 0;
  for (const ModelAnswer& answer : answers) {
    covered = std::max(covered, covered_frames(answer.segments));
  }
  prediction.analysed_s = impl_->seconds(covered);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const TimeSpan span = time_span(song, segments[s], recipe().audio.sample_rate_hz,
                                    recipe().features.frame.window_samples);
    prediction.segments.push_back({span.start_s, span.end_s, std::move(of_segments[s])});
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
