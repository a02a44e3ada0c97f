#include "mer/nn/all_reduce.hpp"

namespace mer {
namespace {

struct SavedAllReduce : torch::CustomClassHolder {
  explicit SavedAllReduce(AllReduce f) : function(std::move(f)) {}
  AllReduce function;
};

}  // namespace

c10::IValue to_saved_data(const AllReduce& all_reduce) {
  return c10::IValue::make_capsule(c10::make_intrusive<SavedAllReduce>(all_reduce));
}

const AllReduce& all_reduce_of(const c10::IValue& saved) {
  return static_cast<const SavedAllReduce*>(saved.toCapsule().get())->function;
}

}  // namespace mer
