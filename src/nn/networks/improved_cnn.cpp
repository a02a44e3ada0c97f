#include "mer/config/networks/improved_cnn.hpp"

#include "layers/branches.hpp"
#include "layers/checked_input.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// The paper's dual-branch network.
///
///   spectrogram → CRNN ─────────────────────┐
///   descriptors → Bi-LSTM ──────────────────┼→ concatenate → fully connected → softmax
///   [song vector → fully connected (ours)] ─┘
///
/// With two branches of descriptors (`combine: late_fusion`) each has a Bi-LSTM and a head of its
/// own. Both heads see the other vectors, and their class probabilities are weighted.
class ImprovedCnn : public Network {
 public:
  ImprovedCnn(const ImprovedCnnOptions& options, const NetworkShape& shape) : shape_(shape) {
    crnn_ = register_module("crnn", ConvBranch(options, options.pooling, shape.spectrogram_bands));
    std::int64_t width = crnn_->output_size();
    if (shape.song_vector_columns > 0) {
      song_vector_ =
          register_module("song_vector", SongVectorBranch(options, shape.song_vector_columns));
      width += song_vector_->output_size();
    }
    for (const std::string& number : lld_branch_numbers(shape)) {
      const std::string name = "lld" + number;
      lld_.push_back(
          register_module(name, LldBranch(options, options.pooling, shape.lld_columns, name)));
      heads_.push_back(register_module(
          "head" + number,
          Head(options, shape, width + lld_.back()->output_size(), "head" + number)));
    }
  }

  NetworkOutput forward(const NetworkInput& input) override {
    const auto [spectrograms, mask] = spectrograms_of(input, shape_);
    torch::Tensor beside = crnn_->forward(spectrograms, mask, input.keys);
    if (song_vector_) {
      beside = torch::cat(
          {beside, song_vector_->forward(song_vectors_of(input, shape_), input.keys)}, 1);
    }
    const LldMatrices lld = lld_of(input, shape_);
    std::vector<NetworkOutput> outputs;
    for (std::size_t i = 0; i < lld_.size(); ++i) {
      const torch::Tensor own = lld_[i]->forward(lld.branches[i], lld.mask, input.keys);
      outputs.push_back(heads_[i]->forward(torch::cat({beside, own}, 1), input.keys));
    }
    return weighted(outputs, shape_.lld_weight);
  }

 private:
  NetworkShape shape_;
  ConvBranch crnn_{nullptr};
  SongVectorBranch song_vector_{nullptr};  // empty without a song vector
  std::vector<LldBranch> lld_;
  std::vector<Head> heads_;
};

}  // namespace

void add_improved_cnn(NetworkTable& table) { add_network<ImprovedCnn, ImprovedCnnOptions>(table); }

}  // namespace mer
