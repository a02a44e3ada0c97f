#include "mer/config/classic/svm.hpp"

#include <svm.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "inner_folds.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "platt.hpp"
#include "systems.hpp"

namespace mer {
namespace {

using Kernel = SvmOptions::Kernel;
using RowMatrixXd = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// LIBSVM's table of a precomputed kernel has 16 bytes for each pair of rows: 4 GB of this many.
constexpr Eigen::Index kMostRows = 16384;

/// LIBSVM writes about its progress to stdout, where data goes.
void silence_libsvm() {
  static std::once_flag once;
  std::call_once(once, [] { svm_set_print_string_function([](const char*) {}); });
}

/// What the kernel makes of two rows' products.
struct KernelFunction {
  SvmOptions options;
  double gamma = 1.0;
  double num_columns = 1.0;

  double operator()(double product, double square, double other_square) const {
    switch (options.kernel) {
      case Kernel::kLinear:
        return product / num_columns;
      case Kernel::kPolynomial:
        return std::pow(gamma * product / num_columns + options.coef0, options.degree);
      case Kernel::kRbf:
        break;
    }
    const double distance = std::max(0.0, square + other_square - 2.0 * product);
    return std::exp(-gamma * distance / num_columns);
  }
};

/// A kernel's values of all pairs of rows, as LIBSVM reads them: row i is the nodes
/// (0, i + 1), (1, k(i, 0)), …, (n, k(i, n − 1)), (−1, –).
class KernelTable {
 public:
  KernelTable(const RowMatrixXd& products, const KernelFunction& kernel)
      : width_(static_cast<std::size_t>(products.rows()) + 2) {
    const auto count = static_cast<std::size_t>(products.rows());
    nodes_.resize(count * width_);
    for (std::size_t i = 0; i < count; ++i) {
      svm_node* const nodes = row(i);
      const auto at = static_cast<Eigen::Index>(i);
      nodes[0] = {0, static_cast<double>(i + 1)};
      for (std::size_t j = 0; j < count; ++j) {
        const auto other = static_cast<Eigen::Index>(j);
        nodes[j + 1] = {static_cast<int>(j + 1),
                        kernel(products(at, other), products(at, at), products(other, other))};
      }
      nodes[count + 1] = {-1, 0.0};
    }
  }
  svm_node* row(std::size_t index) { return nodes_.data() + index * width_; }

 private:
  std::size_t width_;
  std::vector<svm_node> nodes_;
};

svm_parameter parameters(double c) {
  svm_parameter parameter{};
  parameter.svm_type = C_SVC;
  parameter.kernel_type = PRECOMPUTED;
  parameter.cache_size = 200.0;  // MB
  parameter.eps = 1e-3;
  parameter.C = c;
  parameter.shrinking = 1;
  // LIBSVM would divide songs at random by rand(), whatever their groups: see fit_platt().
  parameter.probability = 0;
  return parameter;
}

struct FreeModel {
  void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};
using ModelPointer = std::unique_ptr<svm_model, FreeModel>;

/// Trains on some rows of the table. Rows are in the order of their classes, so that LIBSVM's
/// numbers of classes are ours.
ModelPointer train_machine(KernelTable& kernel, const std::vector<int>& classes,
                           const std::vector<std::size_t>& rows, double c) {
  silence_libsvm();
  std::vector<double> targets;
  std::vector<svm_node*> nodes;
  for (const std::size_t row : rows) {
    targets.push_back(classes[row]);
    nodes.push_back(kernel.row(row));
  }
  svm_problem problem{static_cast<int>(rows.size()), targets.data(), nodes.data()};
  const svm_parameter parameter = parameters(c);
  return ModelPointer(svm_train(&problem, &parameter));
}

std::size_t num_pairs(std::size_t num_classes) { return num_classes * (num_classes - 1) / 2; }

/// A support vector machine ready to answer. LIBSVM's model looks into this object's vectors.
class Svm : public TableClassifier {
 public:
  struct Parts {
    KernelFunction kernel;
    RowMatrixXf support;                        ///< [vectors, columns], class after class
    std::vector<std::int64_t> counts;           ///< vectors of each class
    std::vector<double> coefficients;           ///< [classes − 1, vectors]
    std::vector<double> rho, platt_a, platt_b;  ///< of each pair of classes
  };

  explicit Svm(Parts parts)
      : parts_(std::move(parts)),
        support_(parts_.support.cast<double>()),
        squares_(support_.rowwise().squaredNorm()) {
    const std::size_t num_classes = parts_.counts.size();
    const auto num_vectors = static_cast<std::size_t>(support_.rows());
    for (std::size_t i = 0; i < num_vectors; ++i) {
      numbers_.push_back({0, static_cast<double>(i + 1)});
    }
    for (svm_node& number : numbers_) vectors_.push_back(&number);
    for (std::size_t c = 0; c + 1 < num_classes; ++c) {
      coefficient_rows_.push_back(parts_.coefficients.data() + c * num_vectors);
    }
    for (std::size_t c = 0; c < num_classes; ++c) {
      labels_.push_back(static_cast<int>(c));
      counts_.push_back(static_cast<int>(parts_.counts[c]));
    }
    model_.param = parameters(1.0);
    model_.nr_class = static_cast<int>(num_classes);
    model_.l = static_cast<int>(num_vectors);
    model_.SV = vectors_.data();
    model_.sv_coef = coefficient_rows_.data();
    model_.rho = parts_.rho.data();
    model_.probA = parts_.platt_a.data();
    model_.probB = parts_.platt_b.data();
    model_.label = labels_.data();
    model_.nSV = counts_.data();
  }
  Svm(const Svm&) = delete;
  Svm& operator=(const Svm&) = delete;

  TableAnswer answer(const Row& row) const override {
    const Eigen::VectorXd query = row.transpose().cast<double>();
    const Eigen::VectorXd products = support_ * query;
    const double square = query.squaredNorm();
    std::vector<svm_node> nodes = {{0, 0.0}};
    for (Eigen::Index i = 0; i < products.size(); ++i) {
      nodes.push_back({static_cast<int>(i) + 1, parts_.kernel(products(i), square, squares_(i))});
    }
    nodes.push_back({-1, 0.0});
    TableAnswer answer;
    answer.probabilities.resize(labels_.size());
    svm_predict_probability(&model_, nodes.data(), answer.probabilities.data());
    const double sum =
        std::accumulate(answer.probabilities.begin(), answer.probabilities.end(), 0.0);
    for (double& probability : answer.probabilities) probability /= sum;
    return answer;
  }

  void add_to(OwnedTensors& tensors) const override {
    const std::int64_t num_vectors = parts_.support.rows();
    const std::span<const float> support(parts_.support.data(),
                                         static_cast<std::size_t>(parts_.support.size()));
    tensors.add("support_vectors", {num_vectors, parts_.support.cols()}, support);
    tensors.add("counts", parts_.counts);
    tensors.add("coefficients", {static_cast<std::int64_t>(parts_.counts.size()) - 1, num_vectors},
                std::span<const double>(parts_.coefficients));
    tensors.add("rho", parts_.rho);
    tensors.add("platt_a", parts_.platt_a);
    tensors.add("platt_b", parts_.platt_b);
    tensors.add("gamma", std::vector<double>{parts_.kernel.gamma});
  }

 private:
  Parts parts_;
  RowMatrixXd support_;
  Eigen::VectorXd squares_;
  std::vector<svm_node> numbers_;
  std::vector<svm_node*> vectors_;
  std::vector<double*> coefficient_rows_;
  std::vector<int> labels_, counts_;
  svm_model model_{};
};

/// Decision values of rows by machines that have not seen them.
struct OutOfFold {
  double right = 0.0;                       ///< rows whose class has the most votes
  std::vector<std::vector<double>> values;  ///< of each row, one a pair of classes
};

class SvmTrainer {
 public:
  SvmTrainer(const SvmOptions& options, int inner_folds, const TrainingTable& table,
             const TrainingControl& control)
      : options_(options),
        table_(sorted_by_class(table)),
        products_(products_of(table_.inputs)),
        folds_(table_, inner_folds, control.seed),
        control_(control) {}

  TrainedClassifier train() {
    const bool uses_gamma = options_.kernel != Kernel::kLinear;
    const std::vector<double> gammas = uses_gamma ? options_.gamma : std::vector<double>{1.0};
    double best_c = 0.0;
    double best_gamma = 0.0;
    OutOfFold best;
    best.right = -1.0;
    for (const double gamma : gammas) {
      KernelTable kernel(products_, function(gamma));
      for (const double c : options_.c) {
        OutOfFold result = cross_validate(kernel, c);
        if (result.right <= best.right) continue;
        best = std::move(result);
        best_c = c;
        best_gamma = gamma;
      }
    }
    TrainedClassifier trained;
    trained.classifier = std::make_unique<Svm>(parts(best_c, best_gamma, best));
    trained.chosen["c"] = best_c;
    if (uses_gamma) trained.chosen["gamma"] = best_gamma;
    trained.chosen["inner_accuracy"] = best.right / static_cast<double>(table_.num_rows());
    return trained;
  }

 private:
  static TrainingTable sorted_by_class(const TrainingTable& table) {
    if (table.num_rows() > kMostRows) {
      throw UsageError(
          "svm: " + std::to_string(table.num_rows()) + " rows to train with, allowed: at most " +
              std::to_string(kMostRows),
          "song_vector_over: song has fewer rows than segment; or take another system");
    }
    std::vector<Eigen::Index> rows(static_cast<std::size_t>(table.num_rows()));
    std::iota(rows.begin(), rows.end(), Eigen::Index{0});
    std::stable_sort(rows.begin(), rows.end(), [&](Eigen::Index a, Eigen::Index b) {
      return table.classes[static_cast<std::size_t>(a)] <
             table.classes[static_cast<std::size_t>(b)];
    });
    return table.subset(rows);
  }
  static RowMatrixXd products_of(const RowMatrixXf& inputs) {
    const RowMatrixXd exact = inputs.cast<double>();
    return exact * exact.transpose();
  }

  KernelFunction function(double gamma) const {
    return {options_, gamma, static_cast<double>(table_.inputs.cols())};
  }

  OutOfFold cross_validate(KernelTable& kernel, double c) const {
    OutOfFold result;
    result.values.resize(table_.classes.size());
    const std::size_t pairs = num_pairs(table_.class_names.size());
    for (int fold = 0; fold < folds_.count(); ++fold) {
      control_.check();
      const auto training = folds_.rows_outside(fold);
      const ModelPointer machine =
          train_machine(kernel, table_.classes, {training.begin(), training.end()}, c);
      for (const Eigen::Index index : folds_.rows_in(fold)) {
        const auto row = static_cast<std::size_t>(index);
        result.values[row].resize(pairs);
        const double voted =
            svm_predict_values(machine.get(), kernel.row(row), result.values[row].data());
        if (static_cast<int>(voted) == table_.classes[row]) ++result.right;
      }
    }
    return result;
  }

  /// The machine of all rows; its probabilities are fitted to decision values out of fold.
  Svm::Parts parts(double c, double gamma, const OutOfFold& out_of_fold) const {
    KernelTable kernel(products_, function(gamma));
    std::vector<std::size_t> rows(table_.classes.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    const ModelPointer machine = train_machine(kernel, table_.classes, rows, c);

    Svm::Parts parts;
    parts.kernel = function(gamma);
    const std::size_t num_classes = table_.class_names.size();
    const auto num_vectors = static_cast<std::size_t>(machine->l);
    parts.support.resize(machine->l, table_.inputs.cols());
    for (int i = 0; i < machine->l; ++i) {
      parts.support.row(i) = table_.inputs.row(machine->sv_indices[i] - 1);  // they count from 1
    }
    parts.counts.assign(machine->nSV, machine->nSV + num_classes);
    for (std::size_t k = 0; k + 1 < num_classes; ++k) {
      const double* const row = machine->sv_coef[k];
      parts.coefficients.insert(parts.coefficients.end(), row, row + num_vectors);
    }
    parts.rho.assign(machine->rho, machine->rho + num_pairs(num_classes));
    fit_platt(out_of_fold, parts);
    return parts;
  }

  void fit_platt(const OutOfFold& out_of_fold, Svm::Parts& parts) const {
    const int num_classes = table_.num_classes();
    std::size_t pair = 0;
    for (int first = 0; first < num_classes; ++first) {
      for (int second = first + 1; second < num_classes; ++second, ++pair) {
        std::vector<double> values;
        std::vector<std::uint8_t> positive;
        for (std::size_t row = 0; row < table_.classes.size(); ++row) {
          const int truth = table_.classes[row];
          if (truth != first && truth != second) continue;
          values.push_back(out_of_fold.values[row][pair]);
          positive.push_back(truth == first ? 1 : 0);
        }
        const Platt platt = Platt::fit(values, positive);
        parts.platt_a.push_back(platt.a);
        parts.platt_b.push_back(platt.b);
      }
    }
  }

  SvmOptions options_;
  TrainingTable table_;
  RowMatrixXd products_;  ///< [rows, rows]
  InnerFolds folds_;
  const TrainingControl& control_;
};

TrainedClassifier train_svm(const ModelOptions& system, const ClassicOptions& options,
                            const TrainingTable& table, const TrainingControl& control) {
  return SvmTrainer(system.as<SvmOptions>(), options.inner_folds, table, control).train();
}

std::unique_ptr<TableClassifier> load_svm(const ModelOptions& system, const StoredTensors& tensors,
                                          int num_columns, const ClassNames& classes) {
  const auto num_classes = static_cast<std::int64_t>(classes.size());
  const auto pairs = static_cast<std::int64_t>(num_pairs(classes.size()));
  Svm::Parts parts;
  parts.kernel = {system.as<SvmOptions>(), tensors.doubles("gamma", {1}).front(),
                  static_cast<double>(num_columns)};
  const std::vector<float> support = tensors.floats("support_vectors", {-1, num_columns});
  const auto num_vectors = static_cast<std::int64_t>(support.size()) / num_columns;
  parts.support = Eigen::Map<const RowMatrixXf>(support.data(), num_vectors, num_columns);
  parts.counts = tensors.integers("counts", {num_classes}, 0, num_vectors);
  if (std::accumulate(parts.counts.begin(), parts.counts.end(), std::int64_t{0}) != num_vectors) {
    tensors.refuse("its classes' counts of support vectors don't add up");
  }
  parts.coefficients = tensors.doubles("coefficients", {num_classes - 1, num_vectors});
  parts.rho = tensors.doubles("rho", {pairs});
  parts.platt_a = tensors.doubles("platt_a", {pairs});
  parts.platt_b = tensors.doubles("platt_b", {pairs});
  return std::make_unique<Svm>(std::move(parts));
}

}  // namespace

void add_svm(ClassicTable& table) { table.add(SvmOptions::kName, {train_svm, load_svm}); }

}  // namespace mer
