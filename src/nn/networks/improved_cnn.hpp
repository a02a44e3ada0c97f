#pragma once

#include "layers/branches.hpp"
#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The paper's dual-branch network: the CRNN branch's vector beside the LLD branch's in its head,
/// or in the heads of both LLD branches. Beside them, where the input has one, the projected
/// song_vector (ours).
class ImprovedCnn : public Network {
 public:
  static constexpr InputParts kReads = {
      .spectrogram = true, .lld = InputParts::Lld::kAll, .song_vector = true};

  ImprovedCnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  ConvBranch crnn_;
  SongVectorBranch song_vector_;  ///< empty without a song_vector
  LldHeads lld_;
};

}  // namespace mer
