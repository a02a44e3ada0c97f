#include "mer/classic/stored_tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "mer/core/error.hpp"

namespace mer {

void OwnedTensors::add_below(const std::string& prefix, OwnedTensors tensors) {
  for (Tensor& tensor : tensors.tensors_) {
    tensor.name = prefix + "." + tensor.name;
    tensors_.push_back(std::move(tensor));
  }
}

NamedTensors OwnedTensors::views() const {
  NamedTensors views;
  for (const Tensor& tensor : tensors_) {
    views.emplace_back(tensor.name, TensorView{tensor.dtype, tensor.shape, tensor.bytes});
  }
  return views;
}

template <class T>
std::vector<T> StoredTensors::values(const std::string& name,
                                     const std::vector<std::int64_t>& shape) const {
  const std::string whole = prefix_ + "." + name;
  const TensorView& view = file_.at(whole, shape);
  if (view.dtype != dtype_of<T>()) refuse("its tensor '" + whole + "' has another element type");
  std::vector<T> copy(view.bytes.size() / sizeof(T));
  std::memcpy(copy.data(), view.bytes.data(), copy.size() * sizeof(T));
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::all_of(copy.begin(), copy.end(), [](T value) { return std::isfinite(value); })) {
      refuse("its tensor '" + whole + "' holds numbers that are not finite");
    }
  }
  return copy;
}

std::vector<float> StoredTensors::floats(const std::string& name,
                                         const std::vector<std::int64_t>& shape) const {
  return values<float>(name, shape);
}

std::vector<double> StoredTensors::doubles(const std::string& name,
                                           const std::vector<std::int64_t>& shape) const {
  return values<double>(name, shape);
}

std::vector<std::int64_t> StoredTensors::integers(const std::string& name,
                                                  const std::vector<std::int64_t>& shape,
                                                  std::int64_t min, std::int64_t max) const {
  std::vector<std::int64_t> numbers = values<std::int64_t>(name, shape);
  for (const std::int64_t number : numbers) {
    if (number >= min && number <= max) continue;
    refuse("its tensor '" + prefix_ + "." + name + "' holds " + std::to_string(number) +
           ", allowed: " + std::to_string(min) + "…" + std::to_string(max));
  }
  return numbers;
}

void StoredTensors::refuse(const std::string& reason) const {
  throw UsageError(file_.path().string() + ": not a usable model: " + reason,
                   "give a best.safetensors or last.safetensors that `mer train` wrote");
}

}  // namespace mer
