#include "classic_run.hpp"

#include <spdlog/logger.h>

#include <array>
#include <cfloat>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/classic/classic_model.hpp"
#include "mer/config/classic/va_regression.hpp"
#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "purposes.hpp"
#include "run_card.hpp"
#include "run_data.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// What a row is made of.
struct Span {
  Segment segment;
  int part = 0;  ///< ClassicTruth::parts
};

/// What the system answers about: whole songs or their segments.
std::vector<Span> spans_of(const RunConfig& config, const RunSong& song) {
  if (config.classic.song_vector_over == ClassicOptions::Over::kSong) return {{{0, song.num_kept}}};
  std::vector<Span> spans;
  for (const Segment& segment : song.segments) spans.push_back({segment});
  return spans;
}

/// Parts of a training song at random places (classic.cut_lengths_s).
std::vector<Span> cuts_of(const RunConfig& config, const RunSong& song) {
  std::vector<Span> cuts;
  const Recipe& recipe = config.recipe;
  for (std::size_t i = 0; i < config.classic.cut_lengths_s.size(); ++i) {
    const std::int64_t length =
        frames_in(config.classic.cut_lengths_s[i], recipe.audio.sample_rate_hz,
                  recipe.features.frame.hop_samples);
    if (length > song.num_kept) continue;
    std::mt19937_64 rng(
        mix_seed({static_cast<std::uint64_t>(config.train.seed), kCut, song.key, i}));
    const auto places = static_cast<std::uint64_t>(song.num_kept - length + 1);
    const auto first = static_cast<std::int64_t>(uniform_index(rng, places));
    cuts.push_back({{first, length}, static_cast<int>(i) + 1});
  }
  return cuts;
}

SongSources sources_of(const RunConfig& config, const FeatureLayout& layout) {
  return {config.recipe, layout, config.inputs, config.descriptors,
          config.sees_embeddings() ? embedding_columns(config.embed) : 0};
}

/// Whether every training song has valence and arousal.
/// @throws UsageError when only some have
bool has_valence_and_arousal(const RunData& data, const PreparedData& prepared) {
  std::size_t count = 0;
  const Song* without = nullptr;
  for (const RunSong& run_song : prepared.training) {
    const Song& song = data.manifest.songs[run_song.number];
    const bool has_both = std::isfinite(song.valence) && std::isfinite(song.arousal);
    if (has_both) ++count;
    if (!has_both && without == nullptr) without = &song;
  }
  if (count == 0 || without == nullptr) return count > 0;
  throw UsageError(data.manifest.file.string() + ":" + std::to_string(without->line) +
                       ": no valence and arousal, which other songs to train with have",
                   "give them for all songs or for none");
}

class ClassicRun {
 public:
  ClassicRun(const RunConfig& config, const RunData& data, const RunCallbacks& callbacks)
      : config_(config), data_(data), prepared_(prepare_data(config, data)), callbacks_(callbacks) {
    knows_valence_and_arousal_ =
        model_predicts_values() && has_valence_and_arousal(data_, prepared_);
  }

  RunResult run(const std::filesystem::path& run_folder, const std::string& command_line) {
    RunWriter folder = RunWriter::create(run_folder, config_, data_.manifest, data_.split);
    RunStatus& status = folder.status();
    status = RunStatus::of_start(command_line);
    status.system = {config_.model.name, config_.classic.song_vector, num_columns(config_)};
    status.threads = config_.train.threads;
    describe_data(config_, prepared_, status);
    folder.write_status();
    const auto end_with = [&](const char* word) {
      status.end_as(word);
      folder.write_status();
    };
    try {
      const RunResult result = train(folder);
      end_with("finished");
      return result;
    } catch (const Interrupted&) {
      log(folder, "interrupted");
      end_with("interrupted");
      RunResult result;
      result.status = RunResult::Status::kInterrupted;
      return result;
    } catch (const std::exception& error) {
      folder.log().error(error.what());
      status.error = error.what();
      end_with("failed");
      throw;
    }
  }

 private:
  RunResult train(RunWriter& folder) {
    for (const SongFailure& failure : prepared_.failures) {
      log(folder, "left out: " + failure.message);
    }
    const auto started = Clock::now();
    ClassicInputs inputs = make_inputs();
    std::vector<RowMatrixXf> rows;
    ClassicTruth truth;
    collect(inputs, rows, truth);
    log(folder, config_.model.name + ": " + std::to_string(prepared_.training.size()) + " songs, " +
                    std::to_string(rows.size()) + " rows of " +
                    std::to_string(inputs.num_columns()) + " numbers (" +
                    join(config_.classic.song_vector, ", ") + "), " +
                    std::to_string(prepared_.validation.size()) + " songs to validate");
    const ClassicModel model = ClassicModel::train(
        config_.model, config_.classic, std::move(inputs), rows, truth, config_.inputs.mfcc_weight,
        {static_cast<std::uint64_t>(config_.train.seed), callbacks_.stop});
    for (const Json& chosen : model.chosen()) {
      if (!chosen.empty()) log(folder, "chosen on inner folds: " + chosen.dump());
    }
    folder.status().chosen = json_text(model.chosen());
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    return write(folder, model, validate(model), seconds);
  }

  ClassicInputs make_inputs() const {
    const SongSources sources = sources_of(config_, prepared_.layout);
    std::optional<Standardization> standardization;
    if (ClassicInputs::needs_standardization(config_.classic, sources)) {
      standardization =
          Standardization::fit([this](const std::function<void(const SongFeatures&)>& look_at) {
            for (const RunSong& song : prepared_.training) {
              look_at(SongFeatures::open(song.features));
            }
          });
    }
    return {config_.classic, sources, std::move(standardization)};
  }

  struct PartRow {
    RowMatrixXf values;
    int part = 0;
  };

  /// The rows of songs, in their order; several songs at a time.
  std::vector<std::vector<PartRow>> rows_of(const ClassicInputs& inputs,
                                            const std::vector<RunSong>& songs,
                                            bool with_cuts) const {
    std::vector<std::vector<PartRow>> rows(songs.size());
    parallel_for_each(
        songs.size(), config_.train.threads,
        [&](std::size_t i) {
          const SongFeatures features = SongFeatures::open(songs[i].features);
          std::optional<SongEmbeddings> embeddings;
          if (inputs.sees_embeddings()) {
            embeddings.emplace(SongEmbeddings::open(songs[i].embeddings));
          }
          const SongInputs song{features, embeddings ? &*embeddings : nullptr};
          std::vector<Span> spans = spans_of(config_, songs[i]);
          if (with_cuts) std::ranges::copy(cuts_of(config_, songs[i]), std::back_inserter(spans));
          for (const Span& span : spans) {
            rows[i].push_back({inputs.compute(song, span.segment), span.part});
          }
        },
        callbacks_.stop);
    TrainingControl{0, callbacks_.stop}.check();
    return rows;
  }

  void collect(const ClassicInputs& inputs, std::vector<RowMatrixXf>& rows,
               ClassicTruth& truth) const {
    truth.class_names = prepared_.classes;
    const std::vector<std::string> units =
        names_of_units(data_.manifest, config_.data.split.group_by);
    auto rows_by_song = rows_of(inputs, prepared_.training, true);
    for (std::size_t i = 0; i < rows_by_song.size(); ++i) {
      const RunSong& run_song = prepared_.training[i];
      const Song& song = data_.manifest.songs[run_song.number];
      for (PartRow& row : rows_by_song[i]) {
        rows.push_back(std::move(row.values));
        truth.parts.push_back(row.part);
        truth.classes.push_back(run_song.class_index);
        truth.groups.push_back(units[run_song.number]);
        if (!knows_valence_and_arousal_) continue;
        truth.valence.push_back(song.valence);
        truth.arousal.push_back(song.arousal);
      }
    }
  }

  Validated validate(const ClassicModel& model) const {
    if (prepared_.validation.empty()) return {};
    SongAnswers answers;
    double loss = 0.0;
    double num_rows = 0.0;
    const auto rows_by_song = rows_of(model.inputs(), prepared_.validation, false);
    for (std::size_t i = 0; i < rows_by_song.size(); ++i) {
      const auto count = static_cast<double>(rows_by_song[i].size());
      std::vector<double> song(prepared_.classes.size(), 0.0);
      std::array<double, 2> place = {0.0, 0.0};
      for (const PartRow& row : rows_by_song[i]) {
        const TableAnswer answer = model.answer(row.values);
        place[0] += answer.valence / count;
        place[1] += answer.arousal / count;
        for (std::size_t c = 0; c < song.size(); ++c) song[c] += answer.probabilities[c] / count;
        ++num_rows;
        if (song.empty()) continue;
        const auto right = static_cast<std::size_t>(prepared_.validation[i].class_index);
        loss -= std::log(std::max(answer.probabilities[right], DBL_MIN));
      }
      answers.classes.push_back(std::move(song));
      if (model_predicts_values()) answers.values.push_back(place);
    }
    return validate_songs(answers, prepared_.validation,
                          prepared_.classes.empty() ? kNotMeasured : loss / num_rows);
  }

  bool model_predicts_values() const { return config_.model.name == VaRegressionOptions::kName; }

  RunResult write(RunWriter& folder, const ClassicModel& model, const Validated& validated,
                  double seconds) {
    const ModelCard::Validation& scored = validated.scores;
    ModelCard card = start_card(config_, prepared_, folder.path());
    RunConfig config = config_;
    card.classic = json_text(to_json(ClassicSection{config.classic, config.model}));
    card.iteration = 1;
    card.validation = scored;
    card.calibration = validated.calibration;
    const OwnedTensors own = model.tensors();
    NamedTensors tensors = own.views();
    const auto& standardization = model.inputs().standardization();
    if (standardization) standardization->add_to(tensors);
    for (const auto& file : {folder.best_file(), folder.last_file()}) {
      write_tensor_file(file, tensors, card.to_metadata());
    }

    MetricsRow row;
    row.iteration = 1;
    row.seconds = seconds;
    row.epoch = row.lr = row.train_loss = row.train_softmax = row.train_center =
        row.train_as_printed = kNotMeasured;
    row.train_values = row.train_tags = row.train_accuracy = kNotMeasured;
    row.val_concordance = scored.concordance;
    row.val_roc_auc = row.val_pr_auc = kNotMeasured;
    row.segments_per_second = kNotMeasured;
    row.val_loss = scored.loss;
    row.val_accuracy = scored.accuracy;
    row.val_macro_f1 = scored.macro_f1;
    row.is_best = !prepared_.validation.empty();
    folder.add_metrics(row);
    folder.status().iterations = 1;
    folder.status().best = {scored, validated.calibration, 1};
    log(folder, "finished");
    if (callbacks_.on_row) callbacks_.on_row(row);

    RunResult result;
    result.iterations = result.best_iteration = 1;
    result.best_score = scored.score();
    result.failures = prepared_.failures;
    return result;
  }

  void log(RunWriter& folder, const std::string& message) const {
    folder.log().info(message);
    if (callbacks_.log) callbacks_.log->info(message);
  }

  const RunConfig& config_;
  const RunData& data_;
  PreparedData prepared_;
  const RunCallbacks& callbacks_;
  bool knows_valence_and_arousal_ = false;
};

}  // namespace

RunResult train_classic_run(const RunConfig& config, const RunData& data,
                            const std::filesystem::path& run_folder,
                            const std::string& command_line, const RunCallbacks& callbacks) {
  num_columns(config);  // what can fail is asked before the folder is made
  return ClassicRun(config, data, callbacks).run(run_folder, command_line);
}

int num_columns(const RunConfig& config) {
  const FeatureLayout layout = layout_of(config.recipe);
  // The number does not depend on values.
  Standardization any;
  any.lld_mean.assign(static_cast<std::size_t>(layout.lld_width()), 0.0F);
  any.lld_deviation.assign(static_cast<std::size_t>(layout.lld_width()), 1.0F);
  return ClassicInputs(config.classic, sources_of(config, layout), any).num_columns();
}

}  // namespace mer
