#include "training_run.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "mer/core/error.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/model/classifier.hpp"
#include "mer/model/device.hpp"
#include "mer/model/network_input.hpp"
#include "mer/train/schedule.hpp"
#include "prefetcher.hpp"
#include "purposes.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

double seconds_since(std::chrono::steady_clock::time_point& mark) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - mark).count();
  mark = now;
  return elapsed;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json scores_json(const ModelCard::Validation& scores) {
  return {{"loss", number_or_null(scores.loss)},
          {"accuracy", number_or_null(scores.accuracy)},
          {"macro_f1", number_or_null(scores.macro_f1)}};
}

Json layout_json(const FeatureLayout& layout) {
  Json groups = Json::array();
  for (const ColumnGroup& group : layout.lld) {
    groups.push_back({{"name", group.name},
                      {"first_column", group.first_column},
                      {"num_columns", group.num_columns}});
  }
  return {{"sample_rate_hz", layout.sample_rate_hz},
          {"window_samples", layout.window_samples},
          {"hop_samples", layout.hop_samples},
          {"spectrogram", layout.spectrogram.name},
          {"spectrogram_columns", layout.spectrogram_columns()},
          {"lld_columns", layout.lld_columns},
          {"lld_groups", groups}};
}

std::uint64_t seed_for(const RunConfig& config, Purpose purpose) {
  return mix_seed({static_cast<std::uint64_t>(config.seed), purpose});
}

torch::Tensor as_tensor(const FloatTensor& tensor, torch::Device device) {
  // from_blob() wants a pointer to change; nobody changes targets.
  return torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.shape).to(device);
}

NetworkInput as_input(const InputBatch& batch, torch::Device device) {
  return to_network_input(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                          device);
}

/// Lets this thread's arithmetic take numbers below 1e-38 for 0. The gradient of a last hidden
/// state fades away over hundreds of steps into such denormal numbers, and a CPU is a hundred times
/// slower with them: a step with an unpooled Bi-LSTM of 430 frames took three times as long.
class FlushDenormals {
 public:
  FlushDenormals() { at::globalContext().setFlushDenormal(true); }
  ~FlushDenormals() { at::globalContext().setFlushDenormal(false); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace

TrainingRun::TrainingRun(RunConfig config, PreparedData data, const RunCallbacks& callbacks,
                         const std::optional<TensorFile>& state)
    : config_(std::move(config)),
      data_(std::move(data)),
      callbacks_(callbacks),
      device_(parse_device(config_.device)),
      standardisation_(state ? Standardisation::from(*state)
                             : fit_standardisation(data_, config_.inputs)),
      builder_(data_.layout, data_.segment_frames, config_.inputs, standardisation_),
      shape_(
          network_shape(builder_.shape(), config_.inputs, static_cast<int>(data_.classes.size()))),
      batches_(config_, data_, builder_, standardisation_),
      validation_(data_, builder_),
      iterations_(config_.train.epochs > 0 ? batches_.sampler().iterations_for(config_.train.epochs)
                                           : config_.train.iterations) {
  // Per thread: folds that train side by side each set their own.
  set_torch_threads(config_.train.threads);
  network_ = make_network(config_.model, shape_, seed_for(config_, kWeights));
  loss_ = make_loss(config_.loss, shape_.num_classes, config_.model.embedding_size,
                    seed_for(config_, kCenters));
  network_->to(device_);
  loss_->to(device_);
  optimiser_ = std::make_unique<AdamW>(config_.train, *network_, *loss_);
  if (state) {
    progression_ = read_state_file(*state, *network_, *loss_, *optimiser_);
    seconds_before_ = progression_.seconds;
    last_saved_ = progression_.iteration;
  }
}

Json TrainingRun::description() const {
  return {{"network", {{"name", config_.model.name}, {"parameters", num_parameters(*network_)}}},
          {"device", device_.str()},
          {"threads", config_.train.threads},
          {"seeds", {{"train", config_.seed}, {"split", config_.data.split.seed}}},
          {"dataset",
           {{"hash", data_.hash},
            {"classes", data_.classes},
            {"training_songs", data_.training.size()},
            {"validation_songs", data_.validation.size()},
            {"training_counts", data_.training_counts},
            {"left_out", data_.failures.size()}}},
          {"recipe_fingerprint", config_.recipe.fingerprint()},
          {"iterations_planned", iterations_}};
}

RunResult TrainingRun::run(RunFolder& folder) {
  Json& status = folder.status();
  const auto end_with = [&](const char* word) {
    status["status"] = word;
    status["ended"] = utc_now();
    status["iterations"] = progression_.iteration;
    folder.write_status();
  };
  status["status"] = "running";
  status["ended"] = nullptr;
  status.erase("error");
  folder.write_status();
  try {
    const RunResult result = train(folder);
    end_with(result.status == RunResult::Status::kFinished ? "finished" : "interrupted");
    return result;
  } catch (const std::exception& error) {
    log(folder, spdlog::level::err, error.what());
    status["error"] = error.what();
    try {
      end_with("failed");
    } catch (const Error&) {
      // The disk is full or gone: the first error is the one to tell.
    }
    throw;
  }
}

RunResult TrainingRun::train(RunFolder& folder) {
  const FlushDenormals flush;
  started_ = Clock::now();
  for (const SongFailure& failure : data_.failures) {
    log(folder, spdlog::level::warn, "left out: " + failure.message);
  }
  log(folder, spdlog::level::info,
      config_.model.name + ", " + std::to_string(num_parameters(*network_)) + " parameters, on " +
          device_.str() + ": " + std::to_string(data_.training.size()) + " songs (" +
          std::to_string(batches_.sampler().epoch_size()) + " segments an epoch), " +
          std::to_string(data_.validation.size()) + " to validate, iterations " +
          std::to_string(progression_.iteration + 1) + "…" + std::to_string(iterations_));
  if (progression_.iteration == 0) save_state(folder);  // so that even a crash can be resumed

  Prefetcher<TrainingBatch> prefetcher(
      [this](std::int64_t iteration) { return batches_.make(iteration); },
      progression_.iteration + 1, iterations_);
  while (progression_.iteration < iterations_ && !out_of_patience()) {
    const Clock::time_point begin = Clock::now();
    Clock::time_point mark = begin;
    const TrainingBatch batch = prefetcher.next();
    timing_.data += seconds_since(mark);
    step(batch, folder);
    progression_.since_row.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    // The rate is taken before a row resets its sums.
    const double rate = segments_per_second();
    if (evaluation_due()) evaluate(folder);
    if (callbacks_.on_step) callbacks_.on_step(progression_.iteration, iterations_, rate);
    if (progression_.iteration < iterations_ && callbacks_.stop && callbacks_.stop()) {
      progression_.seconds = seconds();
      save_last(folder, {});
      save_state(folder);
      log(folder, spdlog::level::info,
          "interrupted after iteration " + std::to_string(progression_.iteration));
      return result(RunResult::Status::kInterrupted);
    }
  }
  log(folder, spdlog::level::info,
      "finished after iteration " + std::to_string(progression_.iteration) +
          (progression_.iteration < iterations_ ? " (no progress any more)" : ""));
  return result(RunResult::Status::kFinished);
}

void TrainingRun::step(const TrainingBatch& batch, const RunFolder& folder) {
  Clock::time_point mark = Clock::now();
  NetworkInput input = as_input(batch.inputs, device_);
  for (const std::uint64_t key : batch.keys) input.keys.push_back(mix_seed({key, kDropout}));
  const torch::Tensor targets = as_tensor(batch.targets, device_);
  network_->train();
  optimiser_->clear_gradients();
  const NetworkOutput output = network_->forward(input);
  const LossValue value = loss_->forward(output, targets);
  const double total = value.total.item<double>();
  timing_.forward += seconds_since(mark);
  if (!std::isfinite(total)) diverged(folder, progression_.iteration + 1, "loss", total);

  value.total.backward();
  timing_.backward += seconds_since(mark);

  const double norm = optimiser_->clip_gradients(config_.train.clip_norm);
  if (!std::isfinite(norm)) diverged(folder, progression_.iteration + 1, "gradient", norm);
  lr_ = learning_rate(config_.train, progression_.iteration + 1, iterations_);
  optimiser_->step(lr_);
  loss_->update_centers(output.embedding.detach(), targets);
  timing_.optimiser += seconds_since(mark);

  ++progression_.iteration;
  Progression::Sums& sums = progression_.since_row;
  ++sums.steps;
  sums.loss += total;
  sums.softmax += value.softmax;
  sums.center += value.center;
  sums.as_printed += value.as_printed;
}

bool TrainingRun::evaluation_due() const {
  const std::int64_t iteration = progression_.iteration;
  if (iteration == iterations_) return true;
  return config_.train.epochs > 0 ? batches_.sampler().ends_epoch(iteration)
                                  : iteration % config_.train.evaluate_every == 0;
}

ModelCard::Validation TrainingRun::validate() {
  ModelCard::Validation scored;
  if (data_.validation.empty()) return scored;
  const std::size_t num_classes = data_.classes.size();
  std::vector<std::vector<double>> sums(data_.validation.size(),
                                        std::vector<double>(num_classes, 0.0));
  double loss = 0.0;
  std::int64_t num_segments = 0;
  Prefetcher<ValidationBatches::Batch> prefetcher(
      [this](std::int64_t number) { return validation_.make(number); }, 0, validation_.count() - 1);
  for (std::int64_t number = 0; number < validation_.count(); ++number) {
    const ValidationBatches::Batch batch = prefetcher.next();
    const NetworkOutput output = mer::evaluate(*network_, as_input(batch.inputs, device_));
    const std::vector<double> probabilities = class_probabilities(output.logits);
    for (std::size_t row = 0; row < batch.songs.size(); ++row) {
      const double* segment = probabilities.data() + row * num_classes;
      const RunSong& song = data_.validation[batch.songs[row]];
      const double right = segment[song.class_index];
      loss -= std::isnan(right) ? right : std::log(std::max(right, DBL_MIN));
      ++num_segments;
      for (std::size_t c = 0; c < num_classes; ++c) sums[batch.songs[row]][c] += segment[c];
    }
  }
  std::vector<int> truth;
  std::vector<int> predicted;
  for (std::size_t song = 0; song < sums.size(); ++song) {
    truth.push_back(data_.validation[song].class_index);
    predicted.push_back(argmax(sums[song]));
  }
  const Scores song_scores =
      scores(confusion_matrix(truth, predicted, static_cast<int>(num_classes)));
  scored.loss = loss / static_cast<double>(num_segments);
  scored.accuracy = song_scores.accuracy;
  scored.macro_f1 = song_scores.macro_f1;
  return scored;
}

void TrainingRun::evaluate(RunFolder& folder) {
  Clock::time_point mark = Clock::now();
  const ModelCard::Validation scored = validate();
  const double validation_seconds = seconds_since(mark);
  const bool has_validation = !data_.validation.empty();
  if (has_validation && !std::isfinite(scored.loss)) {
    diverged(folder, progression_.iteration, "validation loss", scored.loss);
  }

  const bool better = has_validation && !(scored.macro_f1 <= progression_.best_macro_f1);
  if (better) {
    progression_.best_macro_f1 = scored.macro_f1;
    progression_.evaluations_without_progress = 0;
  } else if (has_validation) {
    ++progression_.evaluations_without_progress;
  }
  if (better || !has_validation) {
    progression_.best_iteration = progression_.iteration;
    write_model_file(folder.best_file(), *network_, *loss_, standardisation_, card(folder, scored));
    folder.status()["best"] = scores_json(scored);
    folder.status()["best"]["iteration"] = progression_.iteration;
  }
  save_last(folder, scored);

  const Progression::Sums& sums = progression_.since_row;
  const auto steps = static_cast<double>(sums.steps);
  progression_.seconds = seconds();
  MetricsRow row;
  row.iteration = progression_.iteration;
  row.epoch = batches_.sampler().epochs_after(progression_.iteration);
  row.seconds = progression_.seconds;
  row.lr = lr_;
  row.train_loss = sums.loss / steps;
  row.train_softmax = sums.softmax / steps;
  row.train_center = sums.center / steps;
  row.val_loss = scored.loss;
  row.val_accuracy = scored.accuracy;
  row.val_macro_f1 = scored.macro_f1;
  row.segments_per_second = segments_per_second();
  row.is_best = better;
  folder.add_metrics(row);
  const double as_printed = sums.as_printed / steps;
  folder.status()["train_loss_as_printed"] = as_printed;
  folder.status()["segments_per_second"] = row.segments_per_second;
  if (has_validation) {
    folder.status()["validation_segments_per_second"] =
        static_cast<double>(validation_.num_segments()) / validation_seconds;
  }
  log(folder, spdlog::level::debug,
      "iteration " + std::to_string(row.iteration) + ": train_loss " +
          format_number(row.train_loss) + ", as printed (sum over a batch, eq. 12) " +
          format_number(as_printed) + ", val_loss " + format_number(row.val_loss) +
          ", val_accuracy " + format_number(row.val_accuracy) + ", val_macro_f1 " +
          format_number(row.val_macro_f1) + (better ? " (best)" : "") + "; " +
          format_number(std::round(row.segments_per_second)) + " segments/s; seconds: waiting " +
          format_number(timing_.data) + ", forward " + format_number(timing_.forward) +
          ", backward " + format_number(timing_.backward) + ", optimiser " +
          format_number(timing_.optimiser) + ", validation " + format_number(validation_seconds));
  progression_.since_row = {};
  timing_ = {};
  save_state(folder);
  folder.write_status();
  if (callbacks_.on_row) callbacks_.on_row(row);
}

bool TrainingRun::out_of_patience() const {
  return config_.train.patience > 0 &&
         progression_.evaluations_without_progress >= config_.train.patience;
}

void TrainingRun::save_state(const RunFolder& folder) const {
  write_state_file(folder.state_file(), *network_, *loss_, standardisation_, *optimiser_,
                   progression_);
}

void TrainingRun::save_last(RunFolder& folder, const ModelCard::Validation& scored) {
  write_model_file(folder.last_file(), *network_, *loss_, standardisation_, card(folder, scored));
  last_saved_ = progression_.iteration;
}

RunResult TrainingRun::result(RunResult::Status status) const {
  RunResult result;
  result.status = status;
  result.iterations = progression_.iteration;
  result.best_macro_f1 = progression_.best_macro_f1;
  result.best_iteration = progression_.best_iteration;
  result.failures = data_.failures;
  return result;
}

ModelCard TrainingRun::card(const RunFolder& folder, const ModelCard::Validation& scored) const {
  ModelCard card;
  card.mer_version = kVersion;
  card.run_name = std::filesystem::absolute(folder.path()).lexically_normal().filename().string();
  // A model file travels: where its songs lay on one machine is nobody else's business.
  RunConfig config = config_;
  config.data.manifest = config.data.manifest.filename();
  config.data.store.clear();
  card.config = to_json(config);
  card.recipe = to_json(config_.recipe);
  card.recipe_shared = config_.recipe.shared();
  card.recipe_fingerprint = config_.recipe.fingerprint();
  card.segment = to_json(config_.segment);
  card.inputs = to_json(config_.inputs);
  card.model = config_.model;
  card.loss = config_.loss;
  card.shape = shape_;
  card.layout = layout_json(data_.layout);
  card.classes = data_.classes;
  card.training_counts = data_.training_counts;
  card.iteration = progression_.iteration;
  card.validation = scored;
  return card;
}

void TrainingRun::diverged(const RunFolder& folder, std::int64_t iteration, const std::string& what,
                           double value) const {
  const std::string saved = std::filesystem::exists(folder.last_file())
                                ? "the last good weights are in " + folder.last_file().string() +
                                      " (iteration " + std::to_string(last_saved_) + ")"
                                : "no weights have been saved yet";
  throw Error(folder.path().string() + ": training diverged: the " + what + " is " +
                  (std::isnan(value) ? "not a number" : "infinite") + " at iteration " +
                  std::to_string(iteration),
              saved + "; train again with a smaller train.lr than " +
                  format_number(config_.train.lr) + " or with train.clip_norm");
}

void TrainingRun::log(RunFolder& folder, int level, const std::string& message) const {
  const auto spdlog_level = static_cast<spdlog::level::level_enum>(level);
  folder.log().log(spdlog_level, spdlog::string_view_t(message));
  if (callbacks_.log) callbacks_.log->log(spdlog_level, spdlog::string_view_t(message));
}

double TrainingRun::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count();
}

double TrainingRun::segments_per_second() const {
  const Progression::Sums& sums = progression_.since_row;
  return static_cast<double>(sums.steps * config_.train.batch_size) /
         std::max(sums.seconds, DBL_MIN);
}

}  // namespace mer
