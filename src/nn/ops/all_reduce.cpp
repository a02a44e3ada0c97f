#include "mer/nn/all_reduce.hpp"

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct SavedAllReduce : torch::CustomClassHolder {
  explicit SavedAllReduce(AllReduce f) : function(std::move(f)) {}
  AllReduce function;
};

class AllReduceSumNode : public torch::autograd::Function<AllReduceSumNode> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& share,
                               const c10::IValue& all_reduce) {
    context->saved_data["all_reduce"] = all_reduce;
    torch::Tensor sum = share.contiguous().clone();
    all_reduce_of(all_reduce)(sum);
    return sum;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    torch::Tensor sum = grads[0].contiguous().clone();
    all_reduce_of(context->saved_data["all_reduce"])(sum);
    return {sum, torch::Tensor()};
  }
};

}  // namespace

c10::IValue to_saved_data(const AllReduce& all_reduce) {
  return c10::IValue::make_capsule(c10::make_intrusive<SavedAllReduce>(all_reduce));
}

const AllReduce& all_reduce_of(const c10::IValue& saved) {
  return static_cast<const SavedAllReduce*>(saved.toCapsule().get())->function;
}

torch::Tensor all_reduce_sum(const torch::Tensor& share, const AllReduce& all_reduce) {
  return all_reduce ? AllReduceSumNode::apply(share, to_saved_data(all_reduce)) : share;
}

}  // namespace mer
