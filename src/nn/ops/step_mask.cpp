#include "ops/step_mask.hpp"

#include <sstream>
#include <stdexcept>

namespace mer {

StepMask StepMask::of(const torch::Tensor& valid, std::int64_t batch, std::int64_t steps) {
  if (valid.dim() != 2 || valid.size(0) != batch || valid.size(1) != steps) {
    std::ostringstream text;
    text << "the mask of valid steps has shape " << valid.sizes() << ", it must be [" << batch
         << ", " << steps << "]";
    throw std::invalid_argument(text.str());
  }
  StepMask mask;
  mask.valid = valid;
  const torch::Tensor num_valid = valid.detach().sum(1);
  const auto fewest = num_valid.min().item<double>();
  if (fewest < 1.0) {
    throw std::invalid_argument("row " + std::to_string(num_valid.argmin().item<std::int64_t>()) +
                                " of the batch has no valid step");
  }
  mask.all_valid = fewest == static_cast<double>(steps);
  return mask;
}

StepMask StepMask::pooled(int factor) const {
  if (factor == 1) return *this;
  StepMask mask;
  mask.all_valid = all_valid;
  mask.valid = torch::max_pool1d(valid, factor, factor, 0, 1, /*ceil_mode=*/true);
  return mask;
}

torch::Tensor StepMask::for_maps(const torch::Tensor& maps) const {
  return valid.to(maps.scalar_type()).view({valid.size(0), 1, 1, valid.size(1)});
}

}  // namespace mer
