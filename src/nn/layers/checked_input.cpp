#include "layers/checked_input.hpp"

#include <sstream>
#include <stdexcept>
#include <string>

namespace mer {
namespace {

void expect_shape(const torch::Tensor& tensor, std::int64_t batch, int dimension, std::int64_t size,
                  const char* what, const char* wanted) {
  if (tensor.dim() == 3 && tensor.size(0) == batch && tensor.size(1) > 0 && tensor.size(2) > 0 &&
      tensor.size(dimension) == size) {
    return;
  }
  std::ostringstream message;
  message << "the " << what << " has shape " << tensor.sizes() << ", it must be " << wanted
          << " with batch " << batch << " and " << size << " in dimension " << dimension;
  throw std::invalid_argument(message.str());
}

}  // namespace

Spectrograms spectrograms_of(const NetworkInput& input, const NetworkShape& shape) {
  if (!input.spectrogram.defined()) throw std::invalid_argument("the batch has no spectrograms");
  const std::int64_t batch = input.spectrogram.size(0);
  expect_shape(input.spectrogram, batch, 1, shape.spectrogram_bands, "spectrogram",
               "[batch, bands, steps]");
  return {input.spectrogram,
          StepMask::of(input.spectrogram_valid, batch, input.spectrogram.size(2))};
}

LldMatrices lld_of(const NetworkInput& input, const NetworkShape& shape) {
  if (input.lld.size() != static_cast<std::size_t>(shape.lld_branches)) {
    throw std::invalid_argument("the batch has " + std::to_string(input.lld.size()) +
                                " LLD branches, the network " + std::to_string(shape.lld_branches));
  }
  const std::int64_t batch = input.lld.front().size(0);
  for (const torch::Tensor& lld : input.lld) {
    expect_shape(lld, batch, 2, shape.lld_columns, "LLD matrix", "[batch, steps, columns]");
  }
  return {input.lld, StepMask::of(input.lld_valid, batch, input.lld.front().size(1))};
}

std::vector<std::string> lld_branch_numbers(const NetworkShape& shape) {
  if (shape.lld_branches == 1) return {""};
  std::vector<std::string> numbers;
  for (int number = 1; number <= shape.lld_branches; ++number) {
    numbers.push_back(std::to_string(number));
  }
  return numbers;
}

torch::Tensor song_vectors_of(const NetworkInput& input, const NetworkShape& shape) {
  if (!input.song_vector.defined()) throw std::invalid_argument("the batch has no summaries");
  if (input.song_vector.dim() != 2 || input.song_vector.size(1) != shape.song_vector_columns) {
    std::ostringstream message;
    message << "the song_vector has shape " << input.song_vector.sizes() << ", it must be [batch, "
            << shape.song_vector_columns << "]";
    throw std::invalid_argument(message.str());
  }
  return input.song_vector;
}

}  // namespace mer
