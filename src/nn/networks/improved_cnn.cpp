#include "networks/improved_cnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

namespace {

std::int64_t size_beside_lld(const ConvBranch& crnn, const SummaryBranch& summary) {
  return crnn->output_size() + (summary ? summary->output_size() : 0);
}

}  // namespace

ImprovedCnn::ImprovedCnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      crnn_(register_module("crnn", ConvBranch(options, shape.spectrogram_bands))),
      summary_(shape.summary_columns == 0
                   ? SummaryBranch(nullptr)
                   : register_module("summary", SummaryBranch(options, shape.summary_columns))),
      lld_(*this, options, shape, size_beside_lld(crnn_, summary_)) {}

NetworkOutput ImprovedCnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  torch::Tensor beside = crnn_->forward(spectrograms, mask, input.keys);
  if (summary_) {
    beside = torch::cat({beside, summary_->forward(summaries_of(input, shape_), input.keys)}, 1);
  }
  return lld_.forward(input, beside);
}

}  // namespace mer
