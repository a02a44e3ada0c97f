#pragma once

#include <memory>

#include "mer/features/descriptors.hpp"

// How families are made, for their entries in the table.
namespace mer::descriptors {

template <class Made>
std::unique_ptr<Family> make_plain(const DescriptorOptions&, const Eigen::ArrayXd&) {
  return std::make_unique<Made>();
}
template <class Made, class Options>
std::unique_ptr<Family> make_of_options(const DescriptorOptions& options, const Eigen::ArrayXd&) {
  return std::make_unique<Made>(options.of<Options>());
}
template <class Made>
std::unique_ptr<Family> make_of_bands(const DescriptorOptions&, const Eigen::ArrayXd& band_hz) {
  return std::make_unique<Made>(band_hz);
}

}  // namespace mer::descriptors
