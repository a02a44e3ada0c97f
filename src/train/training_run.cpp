#include "training_run.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

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
constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

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

/// Sums over validation segments: of each task the loss and the number of those with a target.
/// Valence and arousal always count by their squared error, whatever is trained with.
struct ValidationLoss {
  std::array<double, 6> sums{};

  void add(const RunSong& song, std::span<const double> classes, std::span<const double> values,
           std::span<const double> tags) {
    const auto cost = [](double probability) {
      return std::isnan(probability) ? probability : -std::log(std::max(probability, DBL_MIN));
    };
    if (song.class_index >= 0 && !classes.empty()) {
      sums[0] += cost(classes[static_cast<std::size_t>(song.class_index)]);
      ++sums[1];
    }
    if (song.has_values() && !values.empty()) {
      for (std::size_t axis = 0; axis < values.size(); ++axis) {
        const double error = values[axis] - static_cast<double>(song.values[axis]);
        sums[2] += error * error / 2.0;
      }
      ++sums[3];
    }
    if (song.tags.empty() || tags.empty()) return;
    for (std::size_t tag = 0; tag < tags.size(); ++tag) {
      sums[4] += cost(song.tags[tag] > 0.0F ? tags[tag] : 1.0 - tags[tag]) /
                 static_cast<double>(tags.size());
    }
    ++sums[5];
  }

  double total(const TargetOptions& options) const {
    const auto mean = [this](std::size_t task) {
      return sums[2 * task + 1] > 0.0 ? sums[2 * task] / sums[2 * task + 1] : 0.0;
    };
    return mean(0) + options.valence_arousal_weight * mean(1) + options.tags_weight * mean(2);
  }
};

/// Adds up what each worker found out about the validation songs that it had.
void sum_over_workers(Collective& collective, std::vector<std::vector<double>>& sums,
                      std::array<double, 6>& loss) {
  std::vector<double> flat(loss.begin(), loss.end());
  for (const auto& song : sums) flat.insert(flat.end(), song.begin(), song.end());
  collective.all_reduce(
      torch::from_blob(flat.data(), {static_cast<std::int64_t>(flat.size())}, torch::kDouble));
  auto from = flat.begin() + std::ssize(loss);
  std::copy(flat.begin(), from, loss.begin());
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
      shape(network_shape(
          builder.shape(), config,
          {static_cast<int>(data.classes.size()), static_cast<int>(data.tags.size())})),
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

TaskLoss first_loss(const RunInputs& inputs) {
  std::shared_ptr<Loss> classes;
  if (inputs.shape.num_classes > 0) {
    classes = make_loss(inputs.config.loss, inputs.shape.num_classes,
                        embedding_size_of(inputs.config.model), seed_for(inputs.config, kCenters));
    classes->to(inputs.device);
  }
  return {inputs.config.targets, std::move(classes)};
}

/// How many rows' class was found, and how many have one.
std::pair<double, double> found_classes(const torch::Tensor& logits, const torch::Tensor& targets) {
  if (targets.size(1) == 0) return {0.0, 0.0};
  const torch::NoGradGuard no_grad;
  const torch::Tensor known = torch::isnan(targets.select(1, 0)).logical_not();
  const torch::Tensor right = logits.argmax(1).eq(targets.argmax(1)).logical_and(known);
  return {right.sum().item<double>(), known.sum().item<double>()};
}

/// Undefined without columns.
torch::Tensor task_targets(const FloatTensor& targets, torch::Device device) {
  return targets.values.empty() ? torch::Tensor() : to_device(targets, device);
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
  optimizer_ = std::make_unique<AdamW>(config_.train, *network_, loss_.module());
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
  const bool in_turn = config_.train.gradient_accumulation_steps > 1;
  if (collective_ != nullptr || in_turn) loss_.share_batch(all_reduce, in_turn);
  if (state) {
    progression_ = read_state_file(*state, *network_, loss_.module(), *optimizer_);
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
  if (data_.without_target > 0) {
    log(folder, spdlog::level::warn,
        "left out: " + std::to_string(data_.without_target) + " songs without a target of " +
            join(config_.targets.answer, ", "));
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

TrainingRun::StepLoss TrainingRun::whole_loss(StepLoss share) const {
  if (collective_ == nullptr) return share;
  std::vector<double*> numbers = {&share.total,  &share.softmax,        &share.center,
                                  &share.values, &share.tags,           &share.right,
                                  &share.rows,   &share.printed.softmax};
  // A worker whose rows have no class still has a place for each.
  const bool has_centers = inputs_.shape.num_classes > 0;
  if (has_centers) share.printed.own_distances.resize(data_.classes.size());
  for (double& own : share.printed.own_distances) numbers.push_back(&own);
  const torch::Tensor sums = torch::empty({std::ssize(numbers)}, torch::kDouble);
  auto* sum = sums.data_ptr<double>();
  for (std::size_t i = 0; i < numbers.size(); ++i) sum[i] = *numbers[i];
  collective_->all_reduce(sums);
  for (std::size_t i = 0; i < numbers.size(); ++i) *numbers[i] = sum[i];
  return share;
}

void TrainingRun::StepLoss::add(const StepLoss& part) {
  total += part.total;
  softmax += part.softmax;
  center += part.center;
  values += part.values;
  tags += part.tags;
  right += part.right;
  rows += part.rows;
  printed.add(part.printed);
}

void TrainingRun::step(const TrainingBatch& batch, const RunWriter* folder) {
  Clock::time_point mark = Clock::now();
  const NetworkInput input = as_input(batch.inputs, inputs_.device);
  const TaskTargets targets = {to_device(batch.targets, inputs_.device),
                               task_targets(batch.values, inputs_.device),
                               task_targets(batch.tags, inputs_.device)};
  const KnownRows known = {batch.known.classes, batch.known.values, batch.known.tags};
  frozen_.train();
  optimizer_->clear_gradients();
  loss_.start_step(progression_.iteration + 1);
  StepLoss loss;
  std::vector<torch::Tensor> embeddings;
  const int num_parts = config_.train.gradient_accumulation_steps;
  const RowRange all = {0, static_cast<std::int64_t>(batch.keys.size())};
  for (int part = 0; part < num_parts; ++part) {
    const RowRange rows = all.part(part, num_parts);
    const NetworkOutput output = network_->answer(take_rows(input, batch.keys, rows));
    const TaskTargets of_part = targets.rows(rows.first, rows.size());
    const TaskLossValue value = loss_.forward(output, of_part, known);
    const auto [right, classified] = found_classes(output.logits, of_part.classes);
    loss.add(whole_loss({value.total.item<double>(), value.classes.softmax, value.classes.center,
                         value.values, value.tags, right, classified, value.classes.printed}));
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
  loss_.update_centers(torch::cat(embeddings), targets, known);
  timing_.optimizer += seconds_since(mark);

  ++progression_.iteration;
  Progression::Sums& sums = progression_.since_row;
  ++sums.steps;
  sums.loss += loss.total;
  sums.softmax += loss.softmax;
  sums.center += loss.center;
  sums.values += loss.values;
  sums.tags += loss.tags;
  sums.right += loss.right;
  sums.rows += loss.rows;
  sums.as_printed += loss_.as_printed(loss.printed);
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
  const std::size_t num_tags = data_.tags.size();
  const std::size_t num_values = data_.has_values ? 2 : 0;
  // Of each song the sums over its segments: class probabilities, values, tags, their number.
  std::vector<std::vector<double>> sums(
      data_.validation.size(), std::vector<double>(num_classes + num_values + num_tags + 1, 0.0));
  ValidationLoss loss;
  // Every worker takes each so-manieth batch.
  const std::int64_t rank = collective_ == nullptr ? 0 : collective_->rank();
  const std::int64_t size = collective_ == nullptr ? 1 : collective_->size();
  const std::int64_t num_mine = (inputs_.validation.count() - rank + size - 1) / size;
  Prefetcher<ValidationBatches::Batch> prefetcher(
      [&](std::int64_t i) { return inputs_.validation.make(rank + i * size); }, 0, num_mine - 1);
  for (std::int64_t i = 0; i < num_mine; ++i) {
    const ValidationBatches::Batch batch = prefetcher.next();
    const NetworkOutput output = mer::evaluate(*network_, as_input(batch.inputs, inputs_.device));
    const std::vector<double> classes = class_probabilities(output.logits);
    const std::vector<double> values = plain_doubles(output.values);
    const std::vector<double> tags = tag_probabilities(output.tag_logits);
    for (std::size_t row = 0; row < batch.songs.size(); ++row) {
      const auto row_of = [row](const std::vector<double>& all, std::size_t width) {
        return std::span(all).subspan(row * width, width);
      };
      const RunSong& song = data_.validation[batch.songs[row]];
      const auto of_classes = row_of(classes, num_classes);
      const auto of_values = row_of(values, num_values);
      const auto of_tags = row_of(tags, num_tags);
      loss.add(song, of_classes, of_values, of_tags);
      std::vector<double>& sum = sums[batch.songs[row]];
      std::size_t place = 0;
      for (const auto& part : {of_classes, of_values, of_tags}) {
        for (const double value : part) sum[place++] += value;
      }
      ++sum.back();
    }
  }
  if (collective_ != nullptr) sum_over_workers(*collective_, sums, loss.sums);
  SongAnswers answers;
  for (const auto& song : sums) {
    const auto mean = [&](std::size_t first, std::size_t count) {
      std::vector<double> part(song.begin() + static_cast<std::ptrdiff_t>(first),
                               song.begin() + static_cast<std::ptrdiff_t>(first + count));
      for (double& value : part) value /= song.back();
      return part;
    };
    answers.classes.push_back(mean(0, num_classes));
    if (num_values > 0) {
      answers.values.push_back(
          {song[num_classes] / song.back(), song[num_classes + 1] / song.back()});
    }
    answers.tags.push_back(mean(num_classes + num_values, num_tags));
  }
  return validate_songs(answers, data_.validation, loss.total(config_.targets));
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

  const bool better = has_validation && !(scored.score() <= progression_.best_score);
  if (better) {
    progression_.best_score = scored.score();
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
    write_model_file(folder.best_file(), *network_, loss_.module(), inputs_.standardization,
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
  row.train_values = data_.has_values ? sums.values / steps : kNotMeasured;
  row.train_tags = data_.tags.empty() ? kNotMeasured : sums.tags / steps;
  row.train_accuracy = sums.rows > 0.0 ? sums.right / sums.rows : kNotMeasured;
  row.val_loss = scored.loss;
  row.val_accuracy = scored.accuracy;
  row.val_macro_f1 = scored.macro_f1;
  row.val_concordance = scored.concordance;
  row.val_roc_auc = scored.roc_auc;
  row.val_pr_auc = scored.pr_auc;
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
          format_number(row.train_loss) + ", train_accuracy " + format_number(row.train_accuracy) +
          ", as printed (sum over a batch, eq. 12) " + format_number(row.train_as_printed) +
          ", val_loss " + format_number(row.val_loss) + ", val_accuracy " +
          format_number(row.val_accuracy) + ", val_macro_f1 " + format_number(row.val_macro_f1) +
          (better ? " (best)" : "") + "; " + format_number(std::round(row.segments_per_second)) +
          " segments/s; seconds: waiting " + format_number(timing_.data) + ", forward " +
          format_number(timing_.forward) + ", backward " + format_number(timing_.backward) +
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
  write_state_file(folder.state_file(), *network_, loss_.module(), inputs_.standardization,
                   *optimizer_, progression_);
}

void TrainingRun::save_last(RunWriter& folder, const Validated& validated) {
  write_model_file(folder.last_file(), *network_, loss_.module(), inputs_.standardization,
                   card(folder, validated));
  last_saved_ = progression_.iteration;
}

RunResult TrainingRun::result(RunResult::Status status) const {
  RunResult result;
  result.status = status;
  result.iterations = progression_.iteration;
  result.best_score = progression_.best_score;
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
  if (!validated.tag_thresholds.empty()) card.tag_thresholds = validated.tag_thresholds;
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
