#include "training_run.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/nn/network_input.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/train/schedule.hpp"
#include "prefetcher.hpp"
#include "purposes.hpp"
#include "start_weights.hpp"

namespace mer {
namespace {

// Guessing costs ln 4 a segment; even a sum over thousands of them is far from this.
constexpr double kExplodedLoss = 1e6;

double seconds_since(std::chrono::steady_clock::time_point& mark) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - mark).count();
  mark = now;
  return elapsed;
}

std::uint64_t seed_for(const RunConfig& config, Purpose purpose) {
  return mix_seed({static_cast<std::uint64_t>(config.train.seed), purpose});
}

NetworkInput as_input(const InputBatch& batch, torch::Device device) {
  return to_network_input(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                          batch.song_vector, device);
}

/// Some rows of a batch with their keys; nothing is copied.
NetworkInput take_rows(NetworkInput batch, const std::vector<std::uint64_t>& keys,
                       const RowRange& rows) {
  const auto narrow = [&](torch::Tensor& tensor) {
    tensor = tensor.narrow(0, rows.first, rows.size());
  };
  narrow(batch.spectrogram);
  narrow(batch.spectrogram_valid);
  for (torch::Tensor& branch : batch.lld) narrow(branch);
  narrow(batch.lld_valid);
  narrow(batch.song_vector);
  for (std::int64_t row = rows.first; row < rows.last; ++row) {
    batch.keys.push_back(mix_seed({keys[static_cast<std::size_t>(row)], kDropout}));
  }
  return batch;
}

/// Adds up what each worker found out about the validation songs that it had.
void sum_over_workers(Collective& collective, std::vector<std::vector<double>>& sums, double& loss,
                      double& num_segments) {
  std::vector<double> flat = {loss, num_segments};
  for (const auto& song : sums) flat.insert(flat.end(), song.begin(), song.end());
  collective.all_reduce(
      torch::from_blob(flat.data(), {static_cast<std::int64_t>(flat.size())}, torch::kDouble));
  loss = flat[0];
  num_segments = flat[1];
  auto from = flat.begin() + 2;
  for (auto& song : sums) {
    for (double& value : song) value = *from++;
  }
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

RunInputs::RunInputs(const RunConfig& run_config, PreparedData run_data,
                     const std::optional<TensorFile>& state, const RowRange& rows,
                     torch::Device run_device)
    : config(run_config),
      data(std::move(run_data)),
      device(run_device),
      standardization(state ? Standardization::from(*state) : fit_standardization(data, config)),
      builder(data.layout, data.segment_frames, config.inputs, standardization,
              inputs_of(config.model)),
      shape(network_shape(builder.shape(), config, static_cast<int>(data.classes.size()))),
      batches(config, data, builder, standardization, rows),
      validation(data, builder),
      iterations(config.train.epochs > 0 ? batches.sampler().iterations_for(config.train.epochs)
                                         : config.train.iterations) {}

namespace {

/// @param state  of a run that goes on: all weights come from there
std::shared_ptr<Network> first_network(const RunInputs& inputs,
                                       const std::optional<TensorFile>& state) {
  auto network = make_network(inputs.config.model, inputs.shape, seed_for(inputs.config, kWeights));
  if (!state) start_from(inputs.config, *network);
  network->to(inputs.device);
  return network;
}

std::shared_ptr<Loss> first_loss(const RunInputs& inputs) {
  auto loss = make_loss(inputs.config.loss, inputs.shape.num_classes,
                        embedding_size_of(inputs.config.model), seed_for(inputs.config, kCenters));
  if (inputs.config.train.gradient_accumulation_steps > 1 && !loss->takes_parts_in_turn()) {
    throw UsageError(
        "'loss.denominator: as_printed' adds up over a whole batch, which "
        "'train.gradient_accumulation_steps' divides",
        "set train.gradient_accumulation_steps=1; train.replicas may be more");
  }
  loss->to(inputs.device);
  return loss;
}

}  // namespace

TrainingRun::TrainingRun(RunInputs& inputs, const RunCallbacks& callbacks,
                         const std::optional<TensorFile>& state, Collective* collective)
    : inputs_(inputs),
      config_(inputs.config),
      data_(inputs.data),
      iterations_(inputs.iterations),
      callbacks_(callbacks),
      collective_(collective),
      network_(first_network(inputs, state)),
      frozen_(*network_, config_.train.freeze),
      loss_(first_loss(inputs)) {
  optimizer_ = std::make_unique<AdamW>(config_.train, *network_, *loss_);
  AllReduce all_reduce;
  if (collective_ != nullptr) {
    all_reduce = [collective](const torch::Tensor& tensor) { collective->all_reduce(tensor); };
    share_batch(*network_, all_reduce);
    std::vector<torch::Tensor> parameters;
    for (const AdamW::Entry& entry : optimizer_->entries()) {
      if (entry.parameter.requires_grad()) parameters.push_back(entry.parameter);
    }
    gradients_ = std::make_unique<GradientAllReduce>(parameters, *collective_);
  }
  if (collective_ != nullptr || config_.train.gradient_accumulation_steps > 1) {
    loss_->share_batch(all_reduce, config_.train.batch_size);
  }
  if (state) {
    progression_ = read_state_file(*state, *network_, *loss_, *optimizer_);
    seconds_before_ = progression_.seconds;
    last_saved_ = progression_.iteration;
  }
}

void TrainingRun::describe(RunStatus& status) const {
  status.network = description_of_start(config_);
  status.network->name = config_.model.name;
  status.network->parameters = num_parameters(*network_);
  status.network->frozen_parameters = frozen_.num_parameters();
  status.device = inputs_.device.str();
  status.threads = static_cast<int>(config_.train.threads);
  describe_data(config_, data_, status);
  status.iterations_planned = iterations_;
}

RunResult TrainingRun::run(const NextBatch& next_batch, RunWriter* folder) {
  // Of the calling thread: replicas and folds that train side by side each have their own.
  set_torch_threads(config_.train.threads);
  const FlushDenormals flush;
  started_ = Clock::now();
  return folder == nullptr ? train(next_batch, nullptr) : train_and_tell(next_batch, *folder);
}

RunResult TrainingRun::train_and_tell(const NextBatch& next_batch, RunWriter& folder) {
  RunStatus& status = folder.status();
  const auto end_with = [&](const char* word) {
    status.end_as(word);
    status.iterations = progression_.iteration;
    folder.write_status();
  };
  status.status = "running";
  status.ended.clear();
  status.error.clear();
  folder.write_status();
  try {
    const RunResult result = train(next_batch, &folder);
    end_with(result.status == RunResult::Status::kFinished ? "finished" : "interrupted");
    return result;
  } catch (const std::exception& error) {
    log(&folder, spdlog::level::err, error.what());
    status.error = error.what();
    try {
      end_with("failed");
    } catch (const Error&) {
      // The disk is full or gone: the first error is the one to tell.
    }
    throw;
  }
}

RunResult TrainingRun::train(const NextBatch& next_batch, RunWriter* folder) {
  for (const SongFailure& failure : data_.failures) {
    log(folder, spdlog::level::warn, "left out: " + failure.message);
  }
  log(folder, spdlog::level::info,
      config_.model.name + ", " + std::to_string(num_parameters(*network_)) + " parameters, on " +
          inputs_.device.str());
  log(folder, spdlog::level::info,
      std::to_string(data_.training.size()) + " songs (" +
          std::to_string(inputs_.batches.sampler().epoch_size()) + " segments an epoch), " +
          std::to_string(data_.validation.size()) + " to validate, iterations " +
          std::to_string(progression_.iteration + 1) + "…" + std::to_string(iterations_) +
          (collective_ == nullptr
               ? ""
               : ", by " + std::to_string(collective_->size()) + " workers together"));
  if (collective_ != nullptr) expect_same_run_everywhere();
  // So that even a crash can be resumed.
  if (folder != nullptr && progression_.iteration == 0) save_state(*folder);

  while (progression_.iteration < iterations_ && !out_of_patience()) {
    const Clock::time_point begin = Clock::now();
    Clock::time_point mark = begin;
    const TrainingBatch batch = next_batch(progression_.iteration + 1);
    timing_.data += seconds_since(mark);
    step(batch, folder);
    progression_.since_row.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    // The rate is taken before a row resets its sums.
    const double rate = segments_per_second();
    if (evaluation_due()) evaluate(folder);
    if (folder != nullptr && callbacks_.on_step) {
      callbacks_.on_step(progression_.iteration, iterations_, rate);
    }
    if (progression_.iteration < iterations_ && should_stop()) {
      progression_.seconds = seconds();
      if (folder != nullptr) {
        save_last(*folder, {});
        save_state(*folder);
      }
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

void TrainingRun::expect_same_run_everywhere() const {
  RunConfig config = config_;
  // Each host may have these for itself.
  config.data.manifest.clear();
  config.data.store.clear();
  config.train.init_from.clear();
  config.device = "cpu";
  config.train.threads = config.train.replicas = 1;
  const std::string text = to_json(config).dump() + data_.hash +
                           std::to_string(progression_.iteration) + " " +
                           std::to_string(collective_->size());
  constexpr std::size_t kExactDigits = 12;  // 48 bits, which a double holds
  constexpr int kHexadecimal = 16;
  const auto mine = static_cast<double>(
      std::stoull(hash_hex(text).substr(0, kExactDigits), nullptr, kHexadecimal));
  const std::vector<double> all = all_gather(*collective_, mine);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all.front()) continue;
    throw UsageError("worker " + std::to_string(rank) +
                         " trains another config, other songs or from another iteration than "
                         "worker 0",
                     "start all processes with the same arguments, manifest and run folder");
  }
}

bool TrainingRun::should_stop() const {
  const bool mine = callbacks_.stop && callbacks_.stop();
  if (collective_ == nullptr) return mine;
  const torch::Tensor votes = torch::full({1}, mine ? 1.0 : 0.0, torch::kDouble);
  collective_->all_reduce(votes);
  return votes.item<double>() > 0.0;
}

TrainingRun::StepLoss TrainingRun::whole_loss(const LossValue& share) const {
  const StepLoss loss{share.total.item<double>(), share.softmax, share.center, share.printed};
  if (collective_ == nullptr) return loss;
  std::vector<double> terms = {loss.total, loss.softmax, loss.center, loss.printed.softmax};
  const auto first = std::ssize(terms);
  const std::vector<double>& own = loss.printed.own_distances;
  terms.insert(terms.end(), own.begin(), own.end());
  const torch::Tensor sums = torch::tensor(terms, torch::kDouble);
  collective_->all_reduce(sums);
  const auto* sum = sums.data_ptr<double>();
  return {sum[0], sum[1], sum[2], {sum[3], {sum + first, sum + sums.numel()}}};
}

void TrainingRun::StepLoss::add(const StepLoss& part) {
  total += part.total;
  softmax += part.softmax;
  center += part.center;
  printed.add(part.printed);
}

void TrainingRun::step(const TrainingBatch& batch, const RunWriter* folder) {
  Clock::time_point mark = Clock::now();
  const NetworkInput input = as_input(batch.inputs, inputs_.device);
  const torch::Tensor targets = to_device(batch.targets, inputs_.device);
  frozen_.train();
  optimizer_->clear_gradients();
  loss_->start_step(progression_.iteration + 1);
  StepLoss loss;
  std::vector<torch::Tensor> embeddings;
  const int num_parts = config_.train.gradient_accumulation_steps;
  const RowRange all = {0, static_cast<std::int64_t>(batch.keys.size())};
  for (int part = 0; part < num_parts; ++part) {
    const RowRange rows = all.part(part, num_parts);
    const NetworkOutput output = network_->forward(take_rows(input, batch.keys, rows));
    const LossValue value = loss_->forward(output, targets.narrow(0, rows.first, rows.size()));
    loss.add(whole_loss(value));
    timing_.forward += seconds_since(mark);
    if (!std::isfinite(loss.total) || loss.total > kExplodedLoss) {
      diverged(folder, progression_.iteration + 1, "loss", loss.total);
    }
    if (gradients_) gradients_->set_last_pass(part + 1 == num_parts);
    value.total.backward();
    embeddings.push_back(output.embedding.detach());
    timing_.backward += seconds_since(mark);
  }
  if (gradients_) gradients_->finish();
  timing_.gradients += seconds_since(mark);

  const double norm = optimizer_->clip_gradients(config_.train.clip_norm);
  if (!std::isfinite(norm)) diverged(folder, progression_.iteration + 1, "gradient", norm);
  lr_ = learning_rate(config_.train, progression_.iteration + 1, iterations_);
  optimizer_->step(lr_);
  loss_->update_centers(torch::cat(embeddings), targets);
  timing_.optimizer += seconds_since(mark);

  ++progression_.iteration;
  Progression::Sums& sums = progression_.since_row;
  ++sums.steps;
  sums.loss += loss.total;
  sums.softmax += loss.softmax;
  sums.center += loss.center;
  sums.as_printed += loss_->as_printed(loss.printed);
}

bool TrainingRun::evaluation_due() const {
  const std::int64_t iteration = progression_.iteration;
  if (iteration == iterations_) return true;
  return config_.train.epochs > 0 ? inputs_.batches.sampler().ends_epoch(iteration)
                                  : iteration % config_.train.evaluate_every == 0;
}

Validated TrainingRun::validate() {
  if (data_.validation.empty()) return {};
  const std::size_t num_classes = data_.classes.size();
  std::vector<std::vector<double>> sums(data_.validation.size(),
                                        std::vector<double>(num_classes, 0.0));
  double loss = 0.0;
  double num_segments = 0.0;
  // Every worker takes each so-manieth batch.
  const std::int64_t rank = collective_ == nullptr ? 0 : collective_->rank();
  const std::int64_t size = collective_ == nullptr ? 1 : collective_->size();
  const std::int64_t num_mine = (inputs_.validation.count() - rank + size - 1) / size;
  Prefetcher<ValidationBatches::Batch> prefetcher(
      [&](std::int64_t i) { return inputs_.validation.make(rank + i * size); }, 0, num_mine - 1);
  for (std::int64_t i = 0; i < num_mine; ++i) {
    const ValidationBatches::Batch batch = prefetcher.next();
    const NetworkOutput output = mer::evaluate(*network_, as_input(batch.inputs, inputs_.device));
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
  if (collective_ != nullptr) sum_over_workers(*collective_, sums, loss, num_segments);
  for (auto& song : sums) {
    const double sum = std::accumulate(song.begin(), song.end(), 0.0);
    for (double& value : song) value /= sum;
  }
  return validate_songs(sums, data_.validation, loss / num_segments);
}

void TrainingRun::evaluate(RunWriter* folder) {
  Clock::time_point mark = Clock::now();
  const Validated validated = validate();
  const ModelCard::Validation& scored = validated.scores;
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
  if (better || !has_validation) progression_.best_iteration = progression_.iteration;
  progression_.seconds = seconds();
  if (folder != nullptr) write_evaluation(*folder, validated, better, validation_seconds);
  progression_.since_row = {};
  timing_ = {};
  if (folder != nullptr) {
    save_state(*folder);
    folder->write_status();
  }
}

void TrainingRun::write_evaluation(RunWriter& folder, const Validated& validated, bool better,
                                   double validation_seconds) {
  const ModelCard::Validation& scored = validated.scores;
  if (progression_.best_iteration == progression_.iteration) {
    write_model_file(folder.best_file(), *network_, *loss_, inputs_.standardization,
                     card(folder, validated));
    folder.status().best = {scored, validated.calibration, progression_.iteration};
  }
  save_last(folder, validated);

  const Progression::Sums& sums = progression_.since_row;
  const auto steps = static_cast<double>(sums.steps);
  MetricsRow row;
  row.iteration = progression_.iteration;
  row.epoch = inputs_.batches.sampler().epochs_after(progression_.iteration);
  row.seconds = progression_.seconds;
  row.lr = lr_;
  row.train_loss = sums.loss / steps;
  row.train_softmax = sums.softmax / steps;
  row.train_center = sums.center / steps;
  row.train_as_printed = sums.as_printed / steps;
  row.val_loss = scored.loss;
  row.val_accuracy = scored.accuracy;
  row.val_macro_f1 = scored.macro_f1;
  row.segments_per_second = segments_per_second();
  row.is_best = better;
  folder.add_metrics(row);
  folder.status().train_loss_as_printed = row.train_as_printed;
  folder.status().segments_per_second = row.segments_per_second;
  if (!data_.validation.empty()) {
    folder.status().validation_segments_per_second =
        static_cast<double>(inputs_.validation.num_segments()) / validation_seconds;
  }
  log(&folder, spdlog::level::debug,
      "iteration " + std::to_string(row.iteration) + ": train_loss " +
          format_number(row.train_loss) + ", as printed (sum over a batch, eq. 12) " +
          format_number(row.train_as_printed) + ", val_loss " + format_number(row.val_loss) +
          ", val_accuracy " + format_number(row.val_accuracy) + ", val_macro_f1 " +
          format_number(row.val_macro_f1) + (better ? " (best)" : "") + "; " +
          format_number(std::round(row.segments_per_second)) + " segments/s; seconds: waiting " +
          format_number(timing_.data) + ", forward " + format_number(timing_.forward) +
          ", backward " + format_number(timing_.backward) +
          (collective_ == nullptr ? ""
                                  : ", adding up gradients " + format_number(timing_.gradients)) +
          ", optimizer " + format_number(timing_.optimizer) + ", validation " +
          format_number(validation_seconds));
  if (callbacks_.on_row) callbacks_.on_row(row);
}

bool TrainingRun::out_of_patience() const {
  return config_.train.patience > 0 &&
         progression_.evaluations_without_progress >= config_.train.patience;
}

void TrainingRun::save_state(const RunWriter& folder) const {
  write_state_file(folder.state_file(), *network_, *loss_, inputs_.standardization, *optimizer_,
                   progression_);
}

void TrainingRun::save_last(RunWriter& folder, const Validated& validated) {
  write_model_file(folder.last_file(), *network_, *loss_, inputs_.standardization,
                   card(folder, validated));
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

ModelCard TrainingRun::card(const RunWriter& folder, const Validated& validated) const {
  ModelCard card = start_card(config_, data_, folder.path());
  card.loss = config_.loss;
  card.shape = inputs_.shape;
  card.iteration = progression_.iteration;
  card.validation = validated.scores;
  card.calibration = validated.calibration;
  return card;
}

void TrainingRun::diverged(const RunWriter* folder, std::int64_t iteration, const std::string& what,
                           double value) const {
  const std::string where = folder == nullptr ? "" : folder->path().string() + ": ";
  const std::string saved = folder == nullptr ? "process 0 says where the last good weights are"
                            : std::filesystem::exists(folder->last_file())
                                ? "the last good weights are in " + folder->last_file().string() +
                                      " (iteration " + std::to_string(last_saved_) + ")"
                                : "no weights have been saved yet";
  throw Error(where + "training diverged: the " + what + " is " +
                  (std::isnan(value)   ? "not a number"
                   : std::isinf(value) ? "infinite"
                                       : "above " + format_number(kExplodedLoss)) +
                  " at iteration " + std::to_string(iteration),
              saved + "; train again with a smaller train.lr than " +
                  format_number(config_.train.lr) + " or with train.clip_norm");
}

void TrainingRun::log(RunWriter* folder, int level, const std::string& message) const {
  if (folder == nullptr) return;
  const auto spdlog_level = static_cast<spdlog::level::level_enum>(level);
  folder->log().log(spdlog_level, spdlog::string_view_t(message));
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
