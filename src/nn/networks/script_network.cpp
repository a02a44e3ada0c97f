#include "mer/nn/script_network.hpp"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/nn/device.hpp"

namespace mer {
namespace {

std::string first_line_of(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

/// [B, bands, frames] as the network wants it.
torch::Tensor arranged(torch::Tensor tensor, const std::vector<std::string>& dimensions) {
  std::vector<std::int64_t> order;
  for (const std::string& name : dimensions) {
    if (name != "one") order.push_back(name == "batch" ? 0 : name == "bands" ? 1 : 2);
  }
  if (order.size() == 2) {  // the samples of a waveform
    tensor = tensor.squeeze(1);
    std::replace(order.begin(), order.end(), 2, 1);
  }
  tensor = tensor.permute(order);
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i] == "one") tensor = tensor.unsqueeze(static_cast<std::int64_t>(i));
  }
  return tensor.contiguous();
}

torch::jit::IValue chosen(const torch::jit::IValue& output, const std::string& name) {
  if (name.empty()) return output;
  if (output.isGenericDict()) return output.toGenericDict().at(name);
  const auto place = static_cast<std::size_t>(std::stoul(name));
  if (output.isTuple()) return output.toTuple()->elements().at(place);
  if (output.isTensorList()) return output.toTensorList().get(place);
  return output.toList().get(place);
}

}  // namespace

struct ScriptNetwork::Impl {
  std::filesystem::path file;
  ScriptNetworkShape shape;
  torch::Device device;
  torch::jit::Module module;

  [[noreturn]] void refuse(const std::string& why) const {
    throw UsageError(file.string() + ": not the network that its card describes: " + why,
                     "change the card beside it: input, output, embedding_size, patch");
  }
};

ScriptNetwork::ScriptNetwork(const std::filesystem::path& file, ScriptNetworkShape shape,
                             const std::string& device)
    : impl_(std::make_shared<Impl>(Impl{file, std::move(shape), parse_device(device), {}})) {
  try {
    impl_->module = torch::jit::load(file.string(), impl_->device);
    impl_->module.eval();
  } catch (const c10::Error& error) {
    throw UsageError(file.string() + ": made with " + impl_->shape.made_with +
                         ", cannot be loaded by LibTorch " TORCH_VERSION ": " +
                         first_line_of(error),
                     "export it with torch.jit.save by a PyTorch of this version or before");
  }
}

std::vector<float> ScriptNetwork::embeddings(const FloatTensor& input) const {
  at::init_num_threads();
  const torch::NoGradGuard no_grad;
  // Otherwise the first two calls measure, and the third may round otherwise.
  const torch::jit::GraphOptimizerEnabledGuard no_profiling(false);
  const torch::Tensor tensor =
      torch::from_blob(const_cast<float*>(input.values.data()), torch::IntArrayRef(input.shape))
          .to(impl_->device);
  torch::jit::IValue value;
  try {
    value =
        chosen(impl_->module.forward({arranged(tensor, impl_->shape.input)}), impl_->shape.output);
  } catch (const c10::Error& error) {
    impl_->refuse(first_line_of(error));
  } catch (const std::logic_error& error) {  // no such place or key
    impl_->refuse(std::string("there is no output '") + impl_->shape.output + "'");
  } catch (const std::runtime_error& error) {  // what the script itself raises
    impl_->refuse(error.what());
  }
  if (!value.isTensor()) impl_->refuse("its output is no tensor; say which one it is");
  torch::Tensor output = value.toTensor();
  if (output.dim() != 2 || output.size(0) != input.shape.front() ||
      output.size(1) != impl_->shape.embedding_size) {
    impl_->refuse("it gives " + c10::str(output.sizes()) + " for " +
                  std::to_string(input.shape.front()) + " patches, the card says an embedding of " +
                  std::to_string(impl_->shape.embedding_size));
  }
  output = output.to(torch::kCPU, torch::kFloat).contiguous();
  if (!torch::isfinite(output).all().item<bool>()) impl_->refuse("it gives numbers not finite");
  const float* data = output.data_ptr<float>();
  return {data, data + output.numel()};
}

}  // namespace mer
