#include "mer/predict/song_axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/random.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/predict/predictor.hpp"

namespace mer {
namespace {

constexpr const char* kMean = "axes.mean";
constexpr const char* kDirections = "axes.directions";
constexpr const char* kVariances = "axes.variances";
constexpr const char* kHeldOut = "axes.held_out";
constexpr std::size_t kFolds = 5;
constexpr std::size_t kPercentiles = 101;
// Of the mean variance: axes that span all that training songs do leave nothing, other songs may.
constexpr double kLeastResidual = 1e-3;

/// The first axis' deviation, by which all directions are divided.
double first_deviation(const RowMatrixXf& directions) { return 1.0 / directions.row(0).norm(); }

double residual_variance(const PrincipalAxes& axes) {
  const auto size = static_cast<double>(axes.mean.size());
  const double left = size - static_cast<double>(axes.variances.size());
  const double variance = left > 0.0 ? (axes.total_variance - axes.variances.sum()) / left : 0.0;
  return std::max(variance, kLeastResidual * axes.total_variance / size);
}

}  // namespace

SongAxes::SongAxes(const PrincipalAxes& axes) {
  const Eigen::RowVectorXf mean = axes.mean.cast<float>();
  mean_.assign(mean.begin(), mean.end());
  directions_ = (axes.directions / std::sqrt(axes.variances(0))).cast<float>();
  variances_.assign(axes.variances.begin(), axes.variances.end());
  variances_.push_back(residual_variance(axes));
}

std::optional<SongAxes> SongAxes::fit(const Eigen::MatrixXd& rows,
                                      const std::vector<std::string>& groups) {
  const PrincipalAxes found = PrincipalAxes::fit(rows, kMaxAxes);
  if (found.variances.size() == 0) return std::nullopt;
  SongAxes axes(found);
  axes.learn_distances(rows, groups);
  return axes;
}

void SongAxes::learn_distances(const Eigen::MatrixXd& rows,
                               const std::vector<std::string>& groups) {
  std::vector<double> distances;
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<Eigen::Index> inside;
    std::vector<Eigen::Index> outside;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      (seed_of(groups[i]) % kFolds == fold ? inside : outside)
          .push_back(static_cast<Eigen::Index>(i));
    }
    if (outside.size() < 2) return;  // hardly any groups
    const PrincipalAxes found = PrincipalAxes::fit(rows(outside, Eigen::all), kMaxAxes);
    if (found.variances.size() == 0) return;
    const SongAxes others(found);
    for (const Eigen::Index i : inside) {
      const Eigen::VectorXd row = rows.row(i);
      distances.push_back(others.distance(others.centered({row.begin(), row.end()})));
    }
  }
  if (std::ssize(distances) < kFewestHeldOut) return;
  std::ranges::sort(distances);
  for (std::size_t i = 0; i < kPercentiles; ++i) {
    held_out_.push_back(distances[i * (distances.size() - 1) / (kPercentiles - 1)]);
  }
}

std::optional<SongAxes> SongAxes::from(const TensorFile& file) {
  if (!file.contains(kMean)) return std::nullopt;
  SongAxes axes;
  const auto mean = file.at(kMean, {-1}).as<float>();
  axes.mean_.assign(mean.begin(), mean.end());
  const TensorView& directions = file.at(kDirections, {-1, std::ssize(axes.mean_)});
  axes.directions_ = Eigen::Map<const RowMatrixXf>(directions.as<float>().data(),
                                                   directions.shape[0], std::ssize(axes.mean_));
  if (!file.contains(kHeldOut)) return axes;
  const auto variances = file.at(kVariances, {directions.shape[0] + 1}).as<double>();
  const auto held_out = file.at(kHeldOut, {kPercentiles}).as<double>();
  axes.variances_.assign(variances.begin(), variances.end());
  axes.held_out_.assign(held_out.begin(), held_out.end());
  return axes;
}

void SongAxes::add_to(NamedTensors& tensors) const {
  const std::int64_t size = std::ssize(mean_);
  tensors.emplace_back(kMean, view_of(std::span<const float>(mean_), {size}));
  const std::span<const float> values(directions_.data(),
                                      static_cast<std::size_t>(directions_.size()));
  tensors.emplace_back(kDirections, view_of(values, {directions_.rows(), size}));
  if (held_out_.empty()) return;
  for (const auto& [name, numbers] : {std::pair{kVariances, &variances_}, {kHeldOut, &held_out_}}) {
    tensors.emplace_back(name, view_of(std::span<const double>(*numbers), {std::ssize(*numbers)}));
  }
}

Eigen::VectorXd SongAxes::centered(const std::vector<double>& vector) const {
  if (vector.size() != mean_.size()) {
    throw std::invalid_argument("SongAxes: " + std::to_string(vector.size()) + " numbers, not " +
                                std::to_string(mean_.size()));
  }
  const auto size = std::ssize(vector);
  return Eigen::Map<const Eigen::VectorXd>(vector.data(), size) -
         Eigen::Map<const Eigen::VectorXf>(mean_.data(), size).cast<double>();
}

double SongAxes::distance(const Eigen::VectorXd& centered) const {
  const Eigen::VectorXd place =
      directions_.cast<double>() * centered * first_deviation(directions_);
  double distance = 0.0;
  for (Eigen::Index axis = 0; axis < place.size(); ++axis) {
    distance += place(axis) * place(axis) / variances_[static_cast<std::size_t>(axis)];
  }
  const double rest = std::max(0.0, centered.squaredNorm() - place.squaredNorm());
  return std::sqrt(distance + rest / variances_.back());
}

double SongAxes::unlike(const std::vector<double>& vector) const {
  if (held_out_.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double own = distance(centered(vector));
  const auto above = std::ranges::lower_bound(held_out_, own);
  if (above == held_out_.begin()) return 0.0;
  if (above == held_out_.end()) return 1.0;
  const double below = *(above - 1);
  const auto number = static_cast<double>(above - held_out_.begin() - 1);
  return (number + (own - below) / (*above - below)) / static_cast<double>(kPercentiles - 1);
}

std::vector<double> SongAxes::coordinates(const std::vector<double>& vector) const {
  const Eigen::VectorXd place = directions_.cast<double>() * centered(vector);
  return {place.begin(), place.end()};
}

void add_song_axes(const std::filesystem::path& model_file, const std::vector<SongFiles>& songs,
                   const std::vector<std::string>& groups, const std::string& device,
                   const WeightFiles& weights) {
  if (groups.size() != songs.size()) throw std::invalid_argument("add_song_axes: a group a song");
  const std::size_t count = std::min(songs.size(), SongAxes::kMaxSongs);
  if (count < 2) return;
  std::vector<std::string> of_rows;
  for (std::size_t i = 0; i < count; ++i) of_rows.push_back(groups[i * songs.size() / count]);
  Eigen::MatrixXd rows;
  {
    const Predictor predictor = Predictor::load({model_file}, device, weights);
    std::vector<std::vector<double>> vectors(count);
    parallel_for_each(count, 0, [&](std::size_t i) {
      set_torch_threads(1);
      vectors[i] = predictor.song_vector(songs[i * songs.size() / count]);
    });
    rows.resize(static_cast<Eigen::Index>(count), std::ssize(vectors.front()));
    for (std::size_t i = 0; i < count; ++i) {
      rows.row(static_cast<Eigen::Index>(i)) =
          Eigen::Map<const Eigen::RowVectorXd>(vectors[i].data(), rows.cols());
    }
  }
  const std::optional<SongAxes> axes = SongAxes::fit(rows, of_rows);
  if (!axes) return;
  const TensorFile model = TensorFile::open(model_file);
  NamedTensors tensors;
  for (const std::string& name : model.names()) {
    if (!name.starts_with("axes.")) tensors.emplace_back(name, model.at(name));
  }
  axes->add_to(tensors);
  write_tensor_file(model_file, tensors, model.metadata());
}

}  // namespace mer
