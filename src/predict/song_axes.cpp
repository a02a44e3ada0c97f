#include "mer/predict/song_axes.hpp"

#include <cmath>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/parallel.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/predict/predictor.hpp"

namespace mer {
namespace {

constexpr const char* kMean = "axes.mean";
constexpr const char* kDirections = "axes.directions";

}  // namespace

SongAxes::SongAxes(const PrincipalAxes& axes) {
  if (axes.variances.size() == 0) throw std::invalid_argument("SongAxes: no axes");
  const Eigen::RowVectorXf mean = axes.mean.cast<float>();
  mean_.assign(mean.begin(), mean.end());
  directions_ = (axes.directions / std::sqrt(axes.variances(0))).cast<float>();
}

std::optional<SongAxes> SongAxes::from(const TensorFile& file) {
  if (!file.contains(kMean)) return std::nullopt;
  SongAxes axes;
  const auto mean = file.at(kMean, {-1}).as<float>();
  axes.mean_.assign(mean.begin(), mean.end());
  const TensorView& directions = file.at(kDirections, {-1, std::ssize(axes.mean_)});
  axes.directions_ = Eigen::Map<const RowMatrixXf>(directions.as<float>().data(),
                                                   directions.shape[0], std::ssize(axes.mean_));
  return axes;
}

void SongAxes::add_to(NamedTensors& tensors) const {
  const std::int64_t size = std::ssize(mean_);
  tensors.emplace_back(kMean, view_of(std::span<const float>(mean_), {size}));
  const std::span<const float> values(directions_.data(),
                                      static_cast<std::size_t>(directions_.size()));
  tensors.emplace_back(kDirections, view_of(values, {directions_.rows(), size}));
}

std::vector<double> SongAxes::coordinates(const std::vector<double>& vector) const {
  if (vector.size() != mean_.size()) {
    throw std::invalid_argument("SongAxes: " + std::to_string(vector.size()) + " numbers, not " +
                                std::to_string(mean_.size()));
  }
  const auto size = std::ssize(vector);
  const Eigen::VectorXd centered =
      Eigen::Map<const Eigen::VectorXd>(vector.data(), size) -
      Eigen::Map<const Eigen::VectorXf>(mean_.data(), size).cast<double>();
  const Eigen::VectorXd place = directions_.cast<double>() * centered;
  return {place.begin(), place.end()};
}

void add_song_axes(const std::filesystem::path& model_file, const std::vector<SongFiles>& songs,
                   const std::string& device, const WeightFiles& weights) {
  const std::size_t count = std::min(songs.size(), SongAxes::kMaxSongs);
  if (count < 2) return;
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
  const PrincipalAxes found = PrincipalAxes::fit(rows, SongAxes::kMaxAxes);
  if (found.variances.size() == 0) return;
  const SongAxes axes(found);
  const TensorFile model = TensorFile::open(model_file);
  NamedTensors tensors;
  for (const std::string& name : model.names()) {
    if (!name.starts_with("axes.")) tensors.emplace_back(name, model.at(name));
  }
  axes.add_to(tensors);
  write_tensor_file(model_file, tensors, model.metadata());
}

}  // namespace mer
