#include "mer/signal/inverse_transforms.hpp"

#include <fftw3.h>

#include <cstddef>
#include <map>
#include <mutex>

namespace mer {
namespace {

struct Free {
  void operator()(fftwf_complex* room) const { fftwf_free(room); }
};
using Room = std::unique_ptr<fftwf_complex, Free>;

Room room_for(int points) {
  return Room(fftwf_alloc_complex(static_cast<std::size_t>(InverseTransforms::kRows * points)));
}

/// FFTW's planner is one per process and not thread-safe.
fftwf_plan plan_of(int points, fftwf_complex* from, fftwf_complex* to) {
  static std::mutex mutex;
  static std::map<int, fftwf_plan> plans;
  const std::scoped_lock lock(mutex);
  fftwf_plan& plan = plans[points];
  if (plan == nullptr) {
    plan = fftwf_plan_many_dft(1, &points, InverseTransforms::kRows, from, nullptr, 1, points, to,
                               nullptr, 1, points, FFTW_BACKWARD, FFTW_ESTIMATE);
  }
  return plan;
}

}  // namespace

struct InverseTransforms::Impl {
  explicit Impl(int points)
      : from(room_for(points)), to(room_for(points)), plan(plan_of(points, from.get(), to.get())) {}

  Room from, to;
  fftwf_plan plan;
};

InverseTransforms::InverseTransforms(int points) : impl_(std::make_unique<Impl>(points)) {}
InverseTransforms::~InverseTransforms() = default;

float* InverseTransforms::spectra() { return *impl_->from; }
const float* InverseTransforms::values() const { return *impl_->to; }
void InverseTransforms::run() {
  fftwf_execute_dft(impl_->plan, impl_->from.get(), impl_->to.get());
}

}  // namespace mer
