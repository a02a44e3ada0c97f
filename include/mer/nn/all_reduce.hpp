#pragma once

#include <torch/torch.h>

#include <functional>

namespace mer {

/// Replaces each element of a contiguous float or double tensor by its sum over all workers that
/// have a part of the same batch; every worker calls it at the same place. Empty = this worker has
/// the whole batch. What it refers to must outlive the backward pass.
using AllReduce = std::function<void(torch::Tensor)>;

/// For the saved data of an autograd node, and back.
c10::IValue to_saved_data(const AllReduce& all_reduce);
const AllReduce& all_reduce_of(const c10::IValue& saved);

}  // namespace mer
