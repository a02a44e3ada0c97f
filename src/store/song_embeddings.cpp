#include "mer/store/song_embeddings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mer/core/error.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const TensorFile& file, const std::string& why) {
  throw UsageError(file.path().string() + ": not a file of embeddings: " + why,
                   "make embeddings with `mer preprocess` and embed.networks");
}

Json embedding_json_at(const TensorFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    refuse(file, std::string("its metadata has no '") + key + "'");
  }
  return Json::parse(found->second);
}

}  // namespace

SongEmbeddings::SongEmbeddings(TensorFile file) : file_(std::move(file)) {
  try {
    for (const Json& group : embedding_json_at(file_, "networks")) {
      groups_.push_back({group.at("name").get<std::string>(),
                         group.at("first_column").get<std::int64_t>(),
                         group.at("num_columns").get<std::int64_t>()});
    }
    recipe_ = embedding_json_at(file_, "recipe");
    duration_s_ = embedding_json_at(file_, "duration_s").get<double>();
    warnings_ = embedding_json_at(file_, "warnings").get<std::vector<std::string>>();
    fingerprint_ = embedding_json_at(file_, "fingerprint").get<std::string>();
  } catch (const nlohmann::json::exception& error) {
    refuse(file_, error.what());
  }
  std::int64_t num_columns = 0;
  for (const EmbeddingGroup& group : groups_) {
    if (group.first_column != num_columns || group.num_columns < 1) {
      refuse(file_, "the networks' columns have gaps");
    }
    num_columns += group.num_columns;
  }
  const TensorView& matrix = file_.at("embeddings", {-1, num_columns});
  num_patches_ = matrix.shape[0];
  matrix.as<float>();
  file_.at("time_s", {num_patches_, 2}).as<double>();
  const auto counts = file_.at("valid", {num_patches_}).as<std::uint8_t>();
  if (std::find(counts.begin(), counts.end(), 1) == counts.end()) {
    refuse(file_, "no patch counts");
  }
}

SongEmbeddings SongEmbeddings::open(const std::filesystem::path& file) {
  return SongEmbeddings(TensorFile::open(file));
}

Eigen::Map<const RowMatrixXf> SongEmbeddings::matrix() const {
  const TensorView& view = file_.at("embeddings");
  return {view.as<float>().data(), view.shape[0], view.shape[1]};
}

std::span<const std::uint8_t> SongEmbeddings::valid() const {
  return file_.at("valid").as<std::uint8_t>();
}

TimeSpan SongEmbeddings::time_span(std::int64_t patch) const {
  if (patch < 0 || patch >= num_patches_) {
    throw std::invalid_argument("SongEmbeddings::time_span: there is no such patch");
  }
  const double* times = file_.at("time_s").as<double>().data() + 2 * patch;
  return {times[0], times[1]};
}

std::vector<std::int64_t> SongEmbeddings::valid_patches() const {
  const std::span<const std::uint8_t> counts = valid();
  std::vector<std::int64_t> patches;
  for (std::int64_t patch = 0; patch < num_patches_; ++patch) {
    if (counts[static_cast<std::size_t>(patch)] != 0) patches.push_back(patch);
  }
  return patches;
}

Eigen::VectorXf SongEmbeddings::mean_and_deviation_of(
    const std::vector<std::int64_t>& patches) const {
  const Eigen::Map<const RowMatrixXf> all = matrix();
  const auto count = static_cast<double>(patches.size());
  const auto row_of = [&](std::int64_t patch) -> Eigen::VectorXd {
    return all.row(patch).transpose().cast<double>();
  };
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(all.cols());
  for (const std::int64_t patch : patches) sum += row_of(patch);
  const Eigen::VectorXd mean = sum / count;
  Eigen::VectorXd squares = Eigen::VectorXd::Zero(all.cols());
  for (const std::int64_t patch : patches) squares += (row_of(patch) - mean).cwiseAbs2();
  Eigen::VectorXf result(2 * all.cols());
  result << mean.cast<float>(), (squares / count).cwiseSqrt().cast<float>();
  return result;
}

Eigen::VectorXf SongEmbeddings::mean_and_deviation() const {
  return mean_and_deviation_of(valid_patches());
}

Eigen::VectorXf SongEmbeddings::mean_and_deviation(const TimeSpan& span) const {
  const auto center_of = [](const TimeSpan& part) { return 0.5 * (part.start_s + part.end_s); };
  const std::vector<std::int64_t> all = valid_patches();
  std::vector<std::int64_t> inside;
  std::int64_t nearest = all.front();
  double smallest_s = std::numeric_limits<double>::infinity();
  for (const std::int64_t patch : all) {
    const double center_s = center_of(time_span(patch));
    if (span.start_s <= center_s && center_s <= span.end_s) inside.push_back(patch);
    const double distance_s = std::abs(center_s - center_of(span));
    if (distance_s >= smallest_s) continue;
    smallest_s = distance_s;
    nearest = patch;
  }
  if (inside.empty()) inside = {nearest};
  return mean_and_deviation_of(inside);
}

}  // namespace mer
