#include "mer/config/classic/mlp.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "inner_folds.hpp"
#include "mer/core/random.hpp"
#include "systems.hpp"

// Not OpenCV's ANN_MLP, which has neither softmax nor weight decay and always draws the same
// weights.

namespace mer {
namespace {

using Matrix = Eigen::MatrixXf;

constexpr float kBeta1 = 0.9F;
constexpr float kBeta2 = 0.999F;
constexpr float kEpsilon = 1e-8F;

/// A matrix of weights with AdamW's moments.
struct Weights {
  Matrix values, gradient, mean, square;

  Weights(Eigen::Index rows, Eigen::Index columns, double deviation, std::mt19937_64& rng)
      : values(rows, columns), mean(Matrix::Zero(rows, columns)), square(mean) {
    for (float& value : values.reshaped()) {
      value = static_cast<float>(deviation * normal_real(rng));
    }
  }
  /// @param step  from 1
  void update(float lr, float weight_decay, int step) {
    mean = kBeta1 * mean + (1.0F - kBeta1) * gradient;
    square.array() = kBeta2 * square.array() + (1.0F - kBeta2) * gradient.array().square();
    const float mean_scale = 1.0F / (1.0F - std::pow(kBeta1, static_cast<float>(step)));
    const float square_scale = 1.0F / (1.0F - std::pow(kBeta2, static_cast<float>(step)));
    values.array() -=
        lr * (mean.array() * mean_scale / ((square.array() * square_scale).sqrt() + kEpsilon) +
              weight_decay * values.array());
  }
};

/// Rows of logits become class probabilities.
void softmax_rows(Matrix& logits) {
  for (Eigen::Index row = 0; row < logits.rows(); ++row) {
    auto of_row = logits.row(row).array();
    of_row = (of_row - of_row.maxCoeff()).exp();
    of_row /= of_row.sum();
  }
}

/// One hidden layer with ReLU, softmax at the output.
class Mlp : public TableClassifier {
 public:
  Mlp(Matrix hidden, Eigen::RowVectorXf hidden_bias, Matrix output, Eigen::RowVectorXf output_bias)
      : hidden_(std::move(hidden)),
        hidden_bias_(std::move(hidden_bias)),
        output_(std::move(output)),
        output_bias_(std::move(output_bias)) {}

  TableAnswer answer(const Row& row) const override {
    const Eigen::RowVectorXf units = (row * hidden_ + hidden_bias_).cwiseMax(0.0F);
    const Eigen::RowVectorXd logits = (units * output_ + output_bias_).cast<double>();
    const Eigen::RowVectorXd odds = (logits.array() - logits.maxCoeff()).exp();
    TableAnswer answer;
    for (const double odd : odds) answer.probabilities.push_back(odd / odds.sum());
    return answer;
  }

  void add_to(OwnedTensors& tensors) const override {
    const auto add = [&](const char* name, const RowMatrixXf& matrix) {
      tensors.add(name, {matrix.rows(), matrix.cols()},
                  std::span<const float>(matrix.data(), static_cast<std::size_t>(matrix.size())));
    };
    add("hidden.weight", hidden_);
    add("hidden.bias", hidden_bias_);
    add("output.weight", output_);
    add("output.bias", output_bias_);
  }

 private:
  Matrix hidden_;  ///< [columns, units]
  Eigen::RowVectorXf hidden_bias_;
  Matrix output_;  ///< [units, classes]
  Eigen::RowVectorXf output_bias_;
};

class MlpTrainer {
 public:
  MlpTrainer(const MlpOptions& options, const TrainingTable& table, double weight_decay,
             const TrainingControl& control)
      : options_(options),
        table_(table),
        weight_decay_(static_cast<float>(weight_decay)),
        control_(control),
        rng_(mix_seed({control.seed, seed_of("mlp")})),
        hidden_(table.inputs.cols(), options.hidden_units,
                std::sqrt(2.0 / static_cast<double>(table.inputs.cols())), rng_),
        hidden_bias_(1, options.hidden_units, 0.0, rng_),
        output_(options.hidden_units, table.num_classes(),
                std::sqrt(1.0 / static_cast<double>(options.hidden_units)), rng_),
        output_bias_(1, table.num_classes(), 0.0, rng_) {}

  std::unique_ptr<Mlp> train() {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(table_.num_rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    const auto batch = static_cast<std::size_t>(options_.batch_size);
    const std::size_t batches = (order.size() + batch - 1) / batch;
    const double steps = static_cast<double>(batches) * options_.epochs;
    int step = 0;
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      control_.check();
      shuffle(order, rng_);
      for (std::size_t first = 0; first < order.size(); first += batch) {
        const auto end = std::min(first + batch, order.size());
        fill_gradients({order.begin() + static_cast<std::ptrdiff_t>(first),
                        order.begin() + static_cast<std::ptrdiff_t>(end)});
        const double lr = options_.lr * 0.5 * (1.0 + std::cos(std::numbers::pi * step / steps));
        ++step;
        hidden_.update(static_cast<float>(lr), weight_decay_, step);
        output_.update(static_cast<float>(lr), weight_decay_, step);
        hidden_bias_.update(static_cast<float>(lr), 0.0F, step);
        output_bias_.update(static_cast<float>(lr), 0.0F, step);
      }
    }
    return std::make_unique<Mlp>(hidden_.values, hidden_bias_.values.row(0), output_.values,
                                 output_bias_.values.row(0));
  }

 private:
  void fill_gradients(const std::vector<Eigen::Index>& rows) {
    const Matrix inputs = table_.inputs(rows, Eigen::all);
    Matrix units = inputs * hidden_.values;
    units.rowwise() += hidden_bias_.values.row(0);
    // What passes: units above 0 that dropout keeps, louder for those that it hides.
    Matrix gates = (units.array() > 0.0F).cast<float>();
    if (options_.dropout > 0.0) {
      const auto gain = static_cast<float>(1.0 / (1.0 - options_.dropout));
      for (float& gate : gates.reshaped()) {
        gate *= uniform_real(rng_) < options_.dropout ? 0.0F : gain;
      }
    }
    units = units.cwiseProduct(gates);
    Matrix errors = units * output_.values;
    errors.rowwise() += output_bias_.values.row(0);
    softmax_rows(errors);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const int truth = table_.classes[static_cast<std::size_t>(rows[i])];
      errors(static_cast<Eigen::Index>(i), truth) -= 1.0F;
    }
    errors /= static_cast<float>(rows.size());
    output_.gradient = units.transpose() * errors;
    output_bias_.gradient = errors.colwise().sum();
    const Matrix hidden_errors = (errors * output_.values.transpose()).cwiseProduct(gates);
    hidden_.gradient = inputs.transpose() * hidden_errors;
    hidden_bias_.gradient = hidden_errors.colwise().sum();
  }

  const MlpOptions& options_;
  const TrainingTable& table_;
  float weight_decay_;
  const TrainingControl& control_;
  std::mt19937_64 rng_;
  Weights hidden_, hidden_bias_, output_, output_bias_;
};

TrainedClassifier train_mlp(const ModelOptions& system, const ClassicOptions& options,
                            const TrainingTable& table, const TrainingControl& control) {
  const auto own = system.as<MlpOptions>();
  const std::vector<double>& decays = own.weight_decay;
  const std::size_t best = choose(
      decays.size(), table, options.inner_folds, control,
      [&](std::size_t c, const auto& training, const auto& scored) {
        const TrainingTable part = table.subset(training);
        return count_right(*MlpTrainer(own, part, decays[c], control).train(), table, scored);
      });
  TrainedClassifier trained;
  trained.classifier = MlpTrainer(own, table, decays[best], control).train();
  trained.chosen["weight_decay"] = decays[best];
  return trained;
}

std::unique_ptr<TableClassifier> load_mlp(const ModelOptions&, const StoredTensors& tensors,
                                          int num_columns, const ClassNames& class_names) {
  const auto matrix = [&](const char* name, std::int64_t rows, std::int64_t columns) {
    const std::vector<float> values = tensors.floats(name, {rows, columns});
    return Matrix(Eigen::Map<const RowMatrixXf>(values.data(), rows,
                                                static_cast<std::int64_t>(values.size()) / rows));
  };
  const auto num_classes = static_cast<std::int64_t>(class_names.size());
  Matrix hidden = matrix("hidden.weight", num_columns, -1);
  if (hidden.cols() < 1) tensors.refuse("it has no hidden units");
  const Matrix hidden_bias = matrix("hidden.bias", 1, hidden.cols());
  Matrix output = matrix("output.weight", hidden.cols(), num_classes);
  const Matrix output_bias = matrix("output.bias", 1, num_classes);
  return std::make_unique<Mlp>(std::move(hidden), hidden_bias.row(0), std::move(output),
                               output_bias.row(0));
}

}  // namespace

void add_mlp(ClassicTable& table) { table.add(MlpOptions::kName, {train_mlp, load_mlp}); }

}  // namespace mer
