#pragma once

#include <Eigen/Core>
#include <string>
#include <vector>

#include "mer/embed/embedding_extractor.hpp"

namespace mer {

/// The tags that a pre-trained tagger was trained to answer: moods, genres, instruments, decades,
/// of which a song may have several. They follow from its embedding by one more layer, so they cost
/// nothing where embeddings are made.
class TaggerTags {
 public:
  /// A song has a tag from this probability on. The taggers give small ones: of 720 clips of
  /// popular music half have at least four tags then, and one of twenty has two or fewer.
  static constexpr double kThreshold = 0.1;

  /// @param extractor  whose networks are all pre-trained taggers
  /// @param weights    their files
  /// @throws UsageError when the extractor has other networks, or files hold no tags
  TaggerTags(const EmbeddingExtractor& extractor, const WeightFiles& weights);

  const std::vector<std::string>& names() const { return names_; }
  /// A probability a tag: of each network the mean over the patches that count, then the mean of
  /// the networks.
  std::vector<double> answer(const SongEmbeddings& song) const;

 private:
  /// e → σ(weight · (scale · e + shift) + bias)
  struct Layer {
    EmbeddingGroup group;
    Eigen::RowVectorXf scale, shift;  ///< of the batch norm before it
    Eigen::MatrixXf weight;           ///< [tags, embedding]
    Eigen::RowVectorXf bias;
  };

  std::vector<std::string> names_;
  std::vector<Layer> layers_;
};

}  // namespace mer
