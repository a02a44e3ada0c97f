#include "mer/embed/tagger_tags.hpp"

#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

Eigen::RowVectorXf row_of(const TensorFile& file, const std::string& name, std::int64_t size) {
  const auto values = file.at(name, {size}).as<float>();
  return Eigen::Map<const Eigen::RowVectorXf>(values.data(), size);
}

const std::string& entry_of(const TensorFile& file, const std::string& name) {
  const auto found = file.metadata().find(name);
  if (found != file.metadata().end() && file.contains("tags.weight")) return found->second;
  throw UsageError(file.path().string() + ": holds no layer that answers tags",
                   "scripts/make_pretrained.py writes the bundled ones anew");
}

}  // namespace

TaggerTags::TaggerTags(const EmbeddingExtractor& extractor, const WeightFiles& weights) {
  for (const EmbeddingGroup& group : extractor.groups()) {
    const auto found = weights.find(group.network);
    if (found == weights.end() || found->second.extension() != ".safetensors") {
      throw UsageError("tags are answered by the bundled taggers, and the model sees '" +
                           group.network + "', which is none",
                       "take a model that sees one, as -m default does");
    }
    const TensorFile file = TensorFile::open(found->second);
    const std::vector<std::string> names = split_words(entry_of(file, "classes"), ',');
    if (!layers_.empty() && names != names_) {
      throw UsageError(file.path().string() + ": its tags are others than those of " +
                       layers_.front().group.network);
    }
    names_ = names;
    const std::int64_t size = group.num_columns;
    const auto num_tags = static_cast<std::int64_t>(names.size());
    const auto values = file.at("tags.weight", {num_tags, size}).as<float>();
    Layer layer{group, Eigen::RowVectorXf::Ones(size), Eigen::RowVectorXf::Zero(size),
                Eigen::Map<const RowMatrixXf>(values.data(), num_tags, size),
                row_of(file, "tags.bias", num_tags)};
    if (file.contains("dense.bn.weight")) {
      const float epsilon = std::stof(entry_of(file, "bn_eps"));
      layer.scale = row_of(file, "dense.bn.weight", size).array() /
                    (row_of(file, "dense.bn.running_var", size).array() + epsilon).sqrt();
      layer.shift = row_of(file, "dense.bn.bias", size).array() -
                    row_of(file, "dense.bn.running_mean", size).array() * layer.scale.array();
    }
    layers_.push_back(std::move(layer));
  }
}

std::vector<double> TaggerTags::answer(const SongEmbeddings& song) const {
  Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(std::ssize(names_));
  double count = 0.0;
  for (std::int64_t patch = 0; patch < song.num_patches(); ++patch) {
    if (song.valid()[static_cast<std::size_t>(patch)] == 0) continue;
    for (const Layer& layer : layers_) {
      const Eigen::RowVectorXf embedding =
          song.matrix().row(patch).segment(layer.group.first_column, layer.group.num_columns);
      const Eigen::RowVectorXf seen = embedding.cwiseProduct(layer.scale) + layer.shift;
      const Eigen::ArrayXd logits =
          (layer.weight * seen.transpose() + layer.bias.transpose()).cast<double>().array();
      sum += 1.0 / (1.0 + (-logits).exp());
      ++count;
    }
  }
  sum /= count;
  return {sum.begin(), sum.end()};
}

}  // namespace mer
