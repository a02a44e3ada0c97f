#include "mer/nn/model_file.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "mer/core/error.hpp"

namespace mer {
namespace {

DType dtype_of_tensor(const torch::Tensor& tensor, const std::string& name) {
  switch (tensor.scalar_type()) {
    case torch::kFloat:
      return DType::kFloat32;
    case torch::kDouble:
      return DType::kFloat64;
    case torch::kLong:
      return DType::kInt64;
    case torch::kByte:
      return DType::kUint8;
    default:
      throw std::invalid_argument("tensor '" + name + "' has an element type that is not written");
  }
}

torch::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return torch::kFloat;
    case DType::kFloat64:
      return torch::kDouble;
    case DType::kInt64:
      return torch::kLong;
    case DType::kUint8:
      return torch::kByte;
  }
  throw std::invalid_argument("unknown element type");
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  }
  return text + "]";
}

std::string full_name(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

bool is_below(const std::string& name, const std::string& prefix) {
  return prefix.empty() || name.rfind(prefix + ".", 0) == 0;
}

/// Every parameter and buffer under its full name.
std::vector<std::pair<std::string, torch::Tensor>> tensors_of(const torch::nn::Module& module,
                                                              const std::string& prefix) {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& item : module.named_parameters()) {
    tensors.emplace_back(full_name(prefix, item.key()), item.value());
  }
  for (const auto& item : module.named_buffers()) {
    tensors.emplace_back(full_name(prefix, item.key()), item.value());
  }
  return tensors;
}

UsageError misfit(const TensorFile& file, const std::string& name, const std::string& fact) {
  return UsageError(file.path().string() + ": tensor '" + name + "' " + fact,
                    "weights and options of the model don't belong together: take a model file "
                    "as it was written");
}

void copy_into(torch::Tensor target, const std::string& name, const TensorFile& file) {
  if (!file.contains(name)) throw misfit(file, name, "is missing");
  const TensorView& view = file.at(name);
  const std::vector<std::int64_t> wanted = target.sizes().vec();
  if (view.shape != wanted) {
    throw misfit(
        file, name,
        "has shape " + shape_text(view.shape) + ", the network wants " + shape_text(wanted));
  }
  if (view.dtype != dtype_of_tensor(target, name)) {
    throw misfit(file, name, "has another element type than the network");
  }
  target.copy_(to_torch(view));
}

}  // namespace

void add_module_to(const torch::nn::Module& module, const std::string& prefix,
                   NamedTensors& tensors, std::vector<torch::Tensor>& keep_alive) {
  for (const auto& [name, tensor] : tensors_of(module, prefix)) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
    const auto num_bytes = static_cast<std::size_t>(plain.numel()) * plain.element_size();
    tensors.emplace_back(name,
                         TensorView{dtype_of_tensor(plain, name),
                                    plain.sizes().vec(),
                                    {static_cast<const std::byte*>(plain.data_ptr()), num_bytes}});
    keep_alive.push_back(plain);
  }
}

void load_module_from(torch::nn::Module& module, const std::string& prefix,
                      const TensorFile& file) {
  load_module_from(module, prefix, file, {});
}

void load_module_from(torch::nn::Module& module, const std::string& prefix, const TensorFile& file,
                      const UnmatchedParts& unmatched) {
  const torch::NoGradGuard no_grad;
  const auto is_of = [&](const std::string& name, const std::string& part) {
    return !part.empty() && is_below(name, full_name(prefix, part));
  };
  std::set<std::string> known;
  for (const auto& [name, tensor] : tensors_of(module, prefix)) {
    if (std::any_of(unmatched.of_module.begin(), unmatched.of_module.end(),
                    [&](const std::string& part) { return is_of(name, part); })) {
      continue;
    }
    copy_into(tensor, name, file);
    known.insert(name);
  }
  for (const std::string& name : file.names()) {
    if (!is_below(name, prefix) || is_of(name, unmatched.of_file)) continue;
    if (known.count(name) == 0) throw misfit(file, name, "is left over");
  }
}

torch::Tensor to_torch(const TensorView& view) {
  torch::Tensor tensor = torch::empty(view.shape, scalar_type_of(view.dtype));
  if (!view.bytes.empty()) std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  return tensor;
}

}  // namespace mer
