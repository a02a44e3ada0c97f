#include "layers/tagger_head.hpp"

#include "layers/head.hpp"
#include "mer/core/error.hpp"

namespace mer {

TaggerHead::TaggerHead(torch::nn::Module& owner, const TaggerHeadOptions& options,
                       const NetworkShape& shape, int embedding_size)
    : angular_(shape.class_scores == NetworkShape::ClassScores::kAngular),
      input_dropout_(owner.register_module("input_dropout",
                                           KeyedDropout(options.head_dropout, "input_dropout"))),
      embedding_dropout_(owner.register_module(
          "embedding_dropout", KeyedDropout(options.head_dropout, "embedding_dropout"))),
      classifier_(class_scores_layer(shape, embedding_size)) {
  if (classifier_) owner.register_module("classifier", classifier_);
}

torch::Tensor TaggerHead::drop_input(const torch::Tensor& x,
                                     const std::vector<std::uint64_t>& keys) const {
  return input_dropout_->forward(x, keys);
}

NetworkOutput TaggerHead::forward(const torch::Tensor& embedding, const torch::Tensor& seen,
                                  const std::vector<std::uint64_t>& keys) {
  NetworkOutput output;
  output.embedding = embedding;
  score_classes(classifier_, angular_, embedding_dropout_->forward(seen, keys), output);
  return output;
}

void require_tagger_bands(const char* network, const NetworkShape& shape) {
  constexpr int kBands = 96;
  if (shape.spectrogram_bands == kBands) return;
  throw UsageError("'model.name: " + std::string(network) + "' wants " + std::to_string(kBands) +
                       " bands, the spectrogram has " + std::to_string(shape.spectrogram_bands),
                   "configs/musicnn.yaml has the features that it was trained on");
}

}  // namespace mer
