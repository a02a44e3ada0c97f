#include "mer/classic/classic_model.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mer/classic/statistics.hpp"
#include "mer/core/random.hpp"

namespace mer {
namespace {

constexpr const char* kPrefix = "classic";

std::string branch_name(std::size_t branch) { return "branch_" + std::to_string(branch); }

}  // namespace

void ClassicModel::Branch::fit_standardization(const RowMatrixXf& rows) {
  const auto count = static_cast<double>(rows.rows());
  for (Eigen::Index column = 0; column < rows.cols(); ++column) {
    const Eigen::ArrayXd values = rows.col(column).cast<double>().array();
    const double center = values.mean();
    const double spread = std::sqrt((values - center).square().sum() / count);
    const bool varies = spread > kRoundingFraction * std::abs(center) && spread > 0.0;
    mean.push_back(static_cast<float>(center));
    scale.push_back(varies ? static_cast<float>(1.0 / spread) : 0.0F);
  }
}

Eigen::RowVectorXf ClassicModel::Branch::standardize(const TableClassifier::Row& row) const {
  Eigen::RowVectorXf result(row.size());
  for (Eigen::Index column = 0; column < row.size(); ++column) {
    const auto c = static_cast<std::size_t>(column);
    result(column) = (row(column) - mean[c]) * scale[c];
  }
  return result;
}

ClassicModel ClassicModel::train(const ModelOptions& system, const ClassicOptions& options,
                                 ClassicInputs inputs, const std::vector<RowMatrixXf>& rows,
                                 const ClassicTruth& truth, double weight,
                                 const TrainingControl& control) {
  if (rows.empty() || rows.size() != truth.classes.size() || rows.size() != truth.groups.size() ||
      rows.size() != truth.parts.size()) {
    throw std::invalid_argument("ClassicModel: no rows, or not as many as classes, groups, parts");
  }
  ClassicModel model(std::move(inputs), weight);
  for (int b = 0; b < model.inputs_.num_branches(); ++b) {
    TrainingTable table;
    table.classes = truth.classes;
    table.groups = truth.groups;
    table.class_names = truth.class_names;
    table.valence = truth.valence;
    table.arousal = truth.arousal;
    table.inputs.resize(static_cast<Eigen::Index>(rows.size()), model.inputs_.num_columns());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      table.inputs.row(static_cast<Eigen::Index>(i)) = rows[i].row(b);
    }
    Branch branch;
    branch.fit_standardization(table.inputs);
    for (Eigen::Index row = 0; row < table.inputs.rows(); ++row) {
      table.inputs.row(row) = branch.standardize(table.inputs.row(row));
    }
    TrainedClassifier trained = train_classifier(
        system, options, table,
        {mix_seed({control.seed, seed_of(system.name), static_cast<std::uint64_t>(b)}),
         control.stop});
    branch.classifier = std::move(trained.classifier);
    branch.shift = DomainShift::fit(table, truth.parts, options.inner_folds, control.seed);
    model.branches_.push_back(std::move(branch));
    model.chosen_.push_back(std::move(trained.chosen));
  }
  return model;
}

ClassicModel ClassicModel::load(const ModelOptions& system, const ClassicOptions& options,
                                const SongSources& sources, const TensorFile& file,
                                const std::vector<std::string>& class_names) {
  const StoredTensors stored(file, kPrefix);
  std::optional<Standardization> standardization;
  if (ClassicInputs::needs_standardization(options, sources)) {
    standardization = Standardization::from(file);
    if (static_cast<int>(standardization->lld_mean.size()) != sources.layout.lld_width()) {
      stored.refuse("its standardization and its layout differ in width");
    }
  }
  ClassicModel model(ClassicInputs(options, sources, std::move(standardization)),
                     sources.inputs.mfcc_weight);
  const int num_columns = model.inputs_.num_columns();
  for (int b = 0; b < model.inputs_.num_branches(); ++b) {
    const StoredTensors of_branch = stored.below(branch_name(static_cast<std::size_t>(b)));
    Branch branch;
    branch.mean = of_branch.floats("mean", {num_columns});
    branch.scale = of_branch.floats("scale", {num_columns});
    branch.classifier = load_classifier(system, of_branch, num_columns, class_names);
    branch.shift = DomainShift::from(of_branch, num_columns);
    model.branches_.push_back(std::move(branch));
  }
  return model;
}

TableAnswer ClassicModel::answer(const RowMatrixXf& rows) const {
  const auto of_branch = [&](std::size_t b) {
    Eigen::RowVectorXf row = branches_[b].standardize(rows.row(static_cast<Eigen::Index>(b)));
    if (const auto& adaptation = branches_[b].adaptation) {
      row = (row - adaptation->offset).cwiseQuotient(adaptation->divisor);
    }
    return branches_[b].classifier->answer(row);
  };
  TableAnswer answer = of_branch(0);
  if (branches_.size() == 1) return answer;
  const TableAnswer other = of_branch(1);
  for (std::size_t c = 0; c < answer.probabilities.size(); ++c) {
    answer.probabilities[c] =
        weight_ * answer.probabilities[c] + (1.0 - weight_) * other.probabilities[c];
  }
  answer.valence = weight_ * answer.valence + (1.0 - weight_) * other.valence;
  answer.arousal = weight_ * answer.arousal + (1.0 - weight_) * other.arousal;
  return answer;
}

bool ClassicModel::can_adapt() const {
  return std::ranges::all_of(branches_,
                             [](const Branch& branch) { return branch.shift.has_value(); });
}

double ClassicModel::adapt(const std::vector<std::vector<RowMatrixXf>>& songs) {
  if (!can_adapt()) throw std::invalid_argument("ClassicModel: can't adapt");
  std::vector<double> weights;
  for (const auto& song : songs) {
    weights.insert(weights.end(), song.size(), 1.0 / static_cast<double>(song.size()));
  }
  double strength = 0.0;
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    Branch& branch = branches_[b];
    RowMatrixXf rows(std::ssize(weights), inputs_.num_columns());
    Eigen::Index number = 0;
    for (const auto& song : songs) {
      for (const RowMatrixXf& of_segment : song) {
        rows.row(number++) = branch.standardize(of_segment.row(static_cast<Eigen::Index>(b)));
      }
    }
    branch.adaptation = branch.shift->adapt(rows, weights);
    strength += branch.adaptation->strength / static_cast<double>(branches_.size());
  }
  return strength;
}

Eigen::VectorXd ClassicModel::standardized(const RowMatrixXf& rows) const {
  Eigen::VectorXd all(rows.size());
  for (Eigen::Index b = 0; b < rows.rows(); ++b) {
    all.segment(b * rows.cols(), rows.cols()) =
        branches_[static_cast<std::size_t>(b)].standardize(rows.row(b)).cast<double>();
  }
  return all;
}

OwnedTensors ClassicModel::tensors() const {
  OwnedTensors tensors;
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    OwnedTensors of_branch;
    of_branch.add("mean", branches_[b].mean);
    of_branch.add("scale", branches_[b].scale);
    branches_[b].classifier->add_to(of_branch);
    if (branches_[b].shift) branches_[b].shift->add_to(of_branch);
    tensors.add_below(std::string(kPrefix) + "." + branch_name(b), std::move(of_branch));
  }
  return tensors;
}

}  // namespace mer
