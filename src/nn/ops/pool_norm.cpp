#include "ops/pool_norm.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Sizes of a channels-last map; a `row` is one band of one batch element, [steps, channels].
struct MapSizes {
  std::int64_t batch, channels, bands, steps;

  explicit MapSizes(const torch::Tensor& maps)
      : batch(maps.size(0)), channels(maps.size(1)), bands(maps.size(2)), steps(maps.size(3)) {}
  std::int64_t row() const { return steps * channels; }
  std::int64_t element() const { return bands * row(); }
};

torch::Tensor channels_last(const torch::Tensor& maps) {
  return maps.contiguous(at::MemoryFormat::ChannelsLast);
}

torch::Tensor empty_maps(std::int64_t batch, std::int64_t channels, std::int64_t bands,
                         std::int64_t steps, const torch::TensorOptions& options) {
  return torch::empty({batch, channels, bands, steps},
                      options.memory_format(at::MemoryFormat::ChannelsLast));
}

/// Calls work(b) for each element of the batch, on LibTorch's threads.
template <class Work>
void each_element(std::int64_t batch, const Work& work) {
  at::parallel_for(0, batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) work(b);
  });
}

// ---- Pooling

/// One row of pooled maps from up to `window_bands` rows of maps. `winner` is as wide as a float: a
/// mixture with bytes becomes vector code only from 64 channels on.
template <class Real>
MER_INLINE void pool_row(const Real* maps, const float* valid, std::int64_t steps,
                         std::int64_t channels, std::int64_t window_bands, std::int64_t pool_time,
                         Real* __restrict pooled, std::int32_t* __restrict winner) {
  for (std::int64_t begin = 0; begin < steps; begin += pool_time) {
    const std::int64_t end = std::min(begin + pool_time, steps);
    bool any = false;
    for (std::int64_t band = 0; band < window_bands; ++band) {
      for (std::int64_t t = begin; t < end; ++t) {
        if (valid[t] == 0.0F) continue;
        const Real* x = maps + (band * steps + t) * channels;
        const auto place = static_cast<std::int32_t>(band * pool_time + (t - begin));
        if (!any) {
          std::copy_n(x, channels, pooled);
          std::fill_n(winner, channels, place);
          any = true;
          continue;
        }
        for (std::int64_t c = 0; c < channels; ++c) {
          const bool larger = (x[c] > pooled[c]) | (x[c] != x[c]);
          pooled[c] = larger ? x[c] : pooled[c];
          winner[c] = larger ? place : winner[c];
        }
      }
    }
    if (!any) {
      std::fill_n(pooled, channels, Real(0));
      std::fill_n(winner, channels, 0);
    }
    pooled += channels;
    winner += channels;
  }
}

template <class Real>
MER_INLINE void unpool_row(const Real* pooled_grad, const std::int32_t* winner, const float* valid,
                           std::int64_t steps, std::int64_t channels, std::int64_t window_bands,
                           std::int64_t pool_time, Real* grad) {
  for (std::int64_t band = 0; band < window_bands; ++band) {
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t window = t / pool_time;
      const Real* __restrict from = pooled_grad + window * channels;
      const std::int32_t* __restrict won = winner + window * channels;
      Real* __restrict to = grad + (band * steps + t) * channels;
      const auto place = static_cast<std::int32_t>(band * pool_time + (t - window * pool_time));
      const Real factor = valid[t] == 0.0F ? Real(0) : Real(1);
      for (std::int64_t c = 0; c < channels; ++c) to[c] = won[c] == place ? factor * from[c] : 0;
    }
  }
}

MER_VECTOR_CLONES
void pool(const float* maps, const float* valid, std::int64_t steps, std::int64_t channels,
          std::int64_t window_bands, std::int64_t pool_time, float* pooled, std::int32_t* winner) {
  pool_row(maps, valid, steps, channels, window_bands, pool_time, pooled, winner);
}
void pool(const double* maps, const float* valid, std::int64_t steps, std::int64_t channels,
          std::int64_t window_bands, std::int64_t pool_time, double* pooled, std::int32_t* winner) {
  pool_row(maps, valid, steps, channels, window_bands, pool_time, pooled, winner);
}
MER_VECTOR_CLONES
void unpool(const float* pooled_grad, const std::int32_t* winner, const float* valid,
            std::int64_t steps, std::int64_t channels, std::int64_t window_bands,
            std::int64_t pool_time, float* grad) {
  unpool_row(pooled_grad, winner, valid, steps, channels, window_bands, pool_time, grad);
}
void unpool(const double* pooled_grad, const std::int32_t* winner, const float* valid,
            std::int64_t steps, std::int64_t channels, std::int64_t window_bands,
            std::int64_t pool_time, double* grad) {
  unpool_row(pooled_grad, winner, valid, steps, channels, window_bands, pool_time, grad);
}

/// Calls work(b, band, window_bands, pooled_row): each row of pooled maps of each batch element.
template <class Work>
void each_pooled_row(const MapSizes& in, std::int64_t pool_frequency, const Work& work) {
  each_element(in.batch, [&](std::int64_t b) {
    std::int64_t pooled_row = 0;
    for (std::int64_t band = 0; band < in.bands; band += pool_frequency, ++pooled_row) {
      work(b, band, std::min(pool_frequency, in.bands - band), pooled_row);
    }
  });
}

class MaskedMaxPoolNode : public torch::autograd::Function<MaskedMaxPoolNode> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& maps_any,
                               const torch::Tensor& valid, std::int64_t pool_frequency,
                               std::int64_t pool_time) {
    const torch::Tensor maps = channels_last(maps_any);
    const MapSizes in(maps);
    torch::Tensor pooled =
        empty_maps(in.batch, in.channels, (in.bands + pool_frequency - 1) / pool_frequency,
                   (in.steps + pool_time - 1) / pool_time, maps.options());
    torch::Tensor winner = torch::empty_like(pooled, torch::kInt32);
    AT_DISPATCH_FLOATING_TYPES(maps.scalar_type(), "masked_max_pool", [&] {
      const MapSizes out(pooled);
      const auto* from = maps.data_ptr<scalar_t>();
      auto* to = pooled.data_ptr<scalar_t>();
      auto* won = winner.data_ptr<std::int32_t>();
      const auto* mask = valid.data_ptr<float>();
      each_pooled_row(in, pool_frequency,
                      [&](std::int64_t b, std::int64_t band, std::int64_t window_bands,
                          std::int64_t pooled_row) {
                        const std::int64_t place = b * out.element() + pooled_row * out.row();
                        pool(from + b * in.element() + band * in.row(), mask + b * in.steps,
                             in.steps, in.channels, window_bands, pool_time, to + place,
                             won + place);
                      });
    });
    context->save_for_backward({winner, valid});
    context->saved_data["pool_frequency"] = pool_frequency;
    context->saved_data["pool_time"] = pool_time;
    context->saved_data["bands"] = in.bands;
    return pooled;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor& winner = saved[0];
    const torch::Tensor& valid = saved[1];
    const std::int64_t pool_frequency = context->saved_data["pool_frequency"].toInt();
    const std::int64_t pool_time = context->saved_data["pool_time"].toInt();
    const torch::Tensor pooled_grad = channels_last(grads[0]);
    torch::Tensor grad =
        empty_maps(winner.size(0), winner.size(1), context->saved_data["bands"].toInt(),
                   valid.size(1), pooled_grad.options());
    const MapSizes in(grad);
    const MapSizes out(winner);
    AT_DISPATCH_FLOATING_TYPES(grad.scalar_type(), "masked_max_pool_backward", [&] {
      const auto* from = pooled_grad.data_ptr<scalar_t>();
      const auto* won = winner.data_ptr<std::int32_t>();
      const auto* mask = valid.data_ptr<float>();
      auto* to = grad.data_ptr<scalar_t>();
      each_pooled_row(in, pool_frequency,
                      [&](std::int64_t b, std::int64_t band, std::int64_t window_bands,
                          std::int64_t pooled_row) {
                        const std::int64_t place = b * out.element() + pooled_row * out.row();
                        unpool(from + place, won + place, mask + b * in.steps, in.steps,
                               in.channels, window_bands, pool_time,
                               to + b * in.element() + band * in.row());
                      });
    });
    return {grad, torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

// ---- Batch norm

/// Adds the valid steps' x to `sum`; with `center`, their (x − center)² instead. [channels]
template <class Real>
MER_INLINE void add_moments(const Real* x, const float* valid, std::int64_t steps,
                            std::int64_t channels, const Real* center, Real* __restrict sum) {
  for (std::int64_t t = 0; t < steps; ++t, x += channels) {
    if (valid[t] == 0.0F) continue;
    if (center == nullptr) {
      for (std::int64_t c = 0; c < channels; ++c) sum[c] += x[c];
    } else {
      for (std::int64_t c = 0; c < channels; ++c) sum[c] += (x[c] - center[c]) * (x[c] - center[c]);
    }
  }
}

template <class Real>
MER_INLINE void scale_shift_relu(const Real* x, const float* valid, std::int64_t steps,
                                 std::int64_t channels, const Real* scale, const Real* shift,
                                 Real* __restrict y) {
  for (std::int64_t t = 0; t < steps; ++t, x += channels, y += channels) {
    const Real factor = valid[t] == 0.0F ? Real(0) : Real(1);
    for (std::int64_t c = 0; c < channels; ++c) {
      const Real value = x[c] * scale[c] + shift[c];
      // NaN passes through, so that a diverged training run is noticed.
      y[c] = value < Real(0) ? Real(0) : factor * value;
    }
  }
}

/// Adds the gradient behind the ReLU to `sum` and its product with x − mean to `sum_x`. [channels]
template <class Real>
MER_INLINE void add_gradients(const Real* grad, const Real* y, const Real* x, std::int64_t steps,
                              std::int64_t channels, const Real* mean, Real* __restrict sum,
                              Real* __restrict sum_x) {
  for (std::int64_t t = 0; t < steps; ++t) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const Real g = y[c] > Real(0) ? grad[c] : Real(0);
      sum[c] += g;
      sum_x[c] += g * (x[c] - mean[c]);
    }
    grad += channels;
    y += channels;
    x += channels;
  }
}

/// to = scale · (g − a − (x − mean) · b) at valid steps, g = the gradient behind the ReLU.
template <class Real>
MER_INLINE void norm_gradients(const Real* grad, const Real* y, const Real* x, const float* valid,
                               std::int64_t steps, std::int64_t channels, const Real* scale,
                               const Real* mean, const Real* a, const Real* b,
                               Real* __restrict to) {
  for (std::int64_t t = 0; t < steps; ++t) {
    const Real factor = valid[t] == 0.0F ? Real(0) : Real(1);
    for (std::int64_t c = 0; c < channels; ++c) {
      const Real g = y[c] > Real(0) ? grad[c] : Real(0);
      to[c] = factor * scale[c] * (g - a[c] - (x[c] - mean[c]) * b[c]);
    }
    grad += channels;
    y += channels;
    x += channels;
    to += channels;
  }
}

MER_VECTOR_CLONES
void moments(const float* x, const float* valid, std::int64_t steps, std::int64_t channels,
             const float* center, float* sum) {
  add_moments(x, valid, steps, channels, center, sum);
}
void moments(const double* x, const float* valid, std::int64_t steps, std::int64_t channels,
             const double* center, double* sum) {
  add_moments(x, valid, steps, channels, center, sum);
}
MER_VECTOR_CLONES
void normalize(const float* x, const float* valid, std::int64_t steps, std::int64_t channels,
               const float* scale, const float* shift, float* y) {
  scale_shift_relu(x, valid, steps, channels, scale, shift, y);
}
void normalize(const double* x, const float* valid, std::int64_t steps, std::int64_t channels,
               const double* scale, const double* shift, double* y) {
  scale_shift_relu(x, valid, steps, channels, scale, shift, y);
}
MER_VECTOR_CLONES
void gradient_sums(const float* grad, const float* y, const float* x, std::int64_t steps,
                   std::int64_t channels, const float* mean, float* sum, float* sum_x) {
  add_gradients(grad, y, x, steps, channels, mean, sum, sum_x);
}
void gradient_sums(const double* grad, const double* y, const double* x, std::int64_t steps,
                   std::int64_t channels, const double* mean, double* sum, double* sum_x) {
  add_gradients(grad, y, x, steps, channels, mean, sum, sum_x);
}
MER_VECTOR_CLONES
void gradients(const float* grad, const float* y, const float* x, const float* valid,
               std::int64_t steps, std::int64_t channels, const float* scale, const float* mean,
               const float* a, const float* b, float* to) {
  norm_gradients(grad, y, x, valid, steps, channels, scale, mean, a, b, to);
}
void gradients(const double* grad, const double* y, const double* x, const float* valid,
               std::int64_t steps, std::int64_t channels, const double* scale, const double* mean,
               const double* a, const double* b, double* to) {
  norm_gradients(grad, y, x, valid, steps, channels, scale, mean, a, b, to);
}

/// Sums over the rows of a batch, `num_sums` values each: every row in the maps' own precision,
/// rows and batch elements in double precision and in order. work(b, band, sums of this row).
template <class Real, class Work>
torch::Tensor sum_over_rows(const MapSizes& sizes, std::int64_t num_sums, const Work& work) {
  torch::Tensor sums = torch::zeros({sizes.batch, num_sums}, torch::kDouble);
  auto* data = sums.data_ptr<double>();
  each_element(sizes.batch, [&](std::int64_t b) {
    const torch::Tensor memory = torch::empty({num_sums}, c10::CppTypeToScalarType<Real>::value);
    auto* row = memory.data_ptr<Real>();
    for (std::int64_t band = 0; band < sizes.bands; ++band) {
      std::fill_n(row, num_sums, Real(0));
      work(b, band, row);
      double* to = data + b * num_sums;
      for (std::int64_t i = 0; i < num_sums; ++i) to[i] += static_cast<double>(row[i]);
    }
  });
  return sums.sum(0);
}

/// Σ x or Σ (x − center)² of each channel's valid elements, [channels] double.
torch::Tensor channel_sums(const torch::Tensor& maps, const torch::Tensor& valid,
                           const torch::Tensor& center) {
  const MapSizes sizes(maps);
  torch::Tensor sums;
  AT_DISPATCH_FLOATING_TYPES(maps.scalar_type(), "channel_sums", [&] {
    const auto* x = maps.data_ptr<scalar_t>();
    const auto* mask = valid.data_ptr<float>();
    const scalar_t* about = center.defined() ? center.data_ptr<scalar_t>() : nullptr;
    sums = sum_over_rows<scalar_t>(
        sizes, sizes.channels, [&](std::int64_t b, std::int64_t band, scalar_t* row) {
          moments(x + b * sizes.element() + band * sizes.row(), mask + b * sizes.steps, sizes.steps,
                  sizes.channels, about, row);
        });
  });
  return sums;
}

/// Valid elements a channel, their mean and their (biased) variance.
struct Moments {
  double count = 0.0;
  torch::Tensor mean, variance;  ///< [channels], the maps' type
};

Moments moments_of(const torch::Tensor& maps, const torch::Tensor& valid,
                   const AllReduce& all_reduce) {
  Moments moments;
  moments.count = valid.sum(torch::kDouble).item<double>() * static_cast<double>(maps.size(2));
  const torch::Tensor sum = channel_sums(maps, valid, torch::Tensor());
  moments.mean = (sum / moments.count).to(maps.scalar_type());
  const torch::Tensor squares = channel_sums(maps, valid, moments.mean);
  if (!all_reduce) {
    moments.variance = (squares / moments.count).to(maps.scalar_type());
    return moments;
  }
  // From squares about this rank's mean m to squares about 0, which can be added up, and from there
  // to squares about the common mean: Σx² = Σ(x − m)² + 2mΣx − nm². In double precision that costs
  // nothing that a float could show unless a mean is 10⁴ deviations from 0.
  const torch::Tensor m = moments.mean.to(torch::kDouble);
  const torch::Tensor about_zero = squares + 2.0 * m * sum - moments.count * m.square();
  const torch::Tensor sums =
      torch::cat({sum, about_zero, torch::full({1}, moments.count, torch::kDouble)});
  all_reduce(sums);
  const std::int64_t channels = maps.size(1);
  moments.count = sums[2 * channels].item<double>();
  const torch::Tensor mean = sums.narrow(0, 0, channels) / moments.count;
  moments.mean = mean.to(maps.scalar_type());
  moments.variance = (sums.narrow(0, channels, channels) / moments.count - mean.square())
                         .clamp_min(0.0)
                         .to(maps.scalar_type());
  return moments;
}

class NormReluNode : public torch::autograd::Function<NormReluNode> {
 public:
  /// @param count       valid elements a channel that mean and variance came from; 0 = they are
  ///                    given
  /// @param all_reduce  over the workers that the moments came from, to_saved_data()
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& maps,
                               const torch::Tensor& valid, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& mean,
                               const torch::Tensor& variance, double epsilon, double count,
                               const c10::IValue& all_reduce) {
    const torch::Tensor inverse_deviation = (variance + epsilon).rsqrt();
    const torch::Tensor scale = (weight * inverse_deviation).contiguous();
    const torch::Tensor shift = bias - mean * scale;
    torch::Tensor y = torch::empty_like(maps);
    const MapSizes sizes(maps);
    AT_DISPATCH_FLOATING_TYPES(maps.scalar_type(), "norm_relu", [&] {
      const auto* x = maps.data_ptr<scalar_t>();
      const auto* mask = valid.data_ptr<float>();
      auto* to = y.data_ptr<scalar_t>();
      each_element(sizes.batch, [&](std::int64_t b) {
        for (std::int64_t band = 0; band < sizes.bands; ++band) {
          const std::int64_t place = b * sizes.element() + band * sizes.row();
          normalize(x + place, mask + b * sizes.steps, sizes.steps, sizes.channels,
                    scale.data_ptr<scalar_t>(), shift.data_ptr<scalar_t>(), to + place);
        }
      });
    });
    context->save_for_backward({maps, y, valid, mean, inverse_deviation, scale});
    context->saved_data["count"] = count;
    context->saved_data["all_reduce"] = all_reduce;
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor& maps = saved[0];
    const torch::Tensor& y = saved[1];
    const torch::Tensor& mean = saved[3];
    const torch::Tensor& inverse_deviation = saved[4];
    const double count = context->saved_data["count"].toDouble();
    const AllReduce& all_reduce = all_reduce_of(context->saved_data["all_reduce"]);
    const torch::Tensor y_grad = channels_last(grads[0]);
    torch::Tensor grad = torch::empty_like(maps);
    torch::Tensor sum;    // Σ g
    torch::Tensor sum_x;  // Σ g · (x − mean)
    const MapSizes sizes(maps);
    const std::int64_t channels = sizes.channels;
    AT_DISPATCH_FLOATING_TYPES(maps.scalar_type(), "norm_relu_backward", [&] {
      const auto* from = y_grad.data_ptr<scalar_t>();
      const auto* x = maps.data_ptr<scalar_t>();
      const auto* rectified = y.data_ptr<scalar_t>();
      const auto* center = mean.data_ptr<scalar_t>();
      const torch::Tensor sums = sum_over_rows<scalar_t>(
          sizes, 2 * channels, [&](std::int64_t b, std::int64_t band, scalar_t* row) {
            const std::int64_t place = b * sizes.element() + band * sizes.row();
            gradient_sums(from + place, rectified + place, x + place, sizes.steps, channels, center,
                          row, row + channels);
          });
      sum = sums.narrow(0, 0, channels).to(maps.scalar_type());
      sum_x = sums.narrow(0, channels, channels).to(maps.scalar_type());
      torch::Tensor whole_sum = sum;
      torch::Tensor whole_sum_x = sum_x;
      if (all_reduce) {
        const torch::Tensor whole = sums.clone();
        all_reduce(whole);
        whole_sum = whole.narrow(0, 0, channels).to(maps.scalar_type());
        whole_sum_x = whole.narrow(0, channels, channels).to(maps.scalar_type());
      }
      // Mean and variance move with x: a = Σ g / n, b = Σ g (x − mean) / (n (variance + epsilon)).
      const double share = count > 0.0 ? 1.0 / count : 0.0;
      const torch::Tensor a = whole_sum * share;
      const torch::Tensor b_factor = whole_sum_x * inverse_deviation.square() * share;
      const auto* mask = saved[2].data_ptr<float>();
      auto* to = grad.data_ptr<scalar_t>();
      each_element(sizes.batch, [&](std::int64_t b) {
        for (std::int64_t band = 0; band < sizes.bands; ++band) {
          const std::int64_t place = b * sizes.element() + band * sizes.row();
          gradients(from + place, rectified + place, x + place, mask + b * sizes.steps, sizes.steps,
                    channels, saved[5].data_ptr<scalar_t>(), center, a.data_ptr<scalar_t>(),
                    b_factor.data_ptr<scalar_t>(), to + place);
        }
      });
    });
    return {grad,
            torch::Tensor(),
            sum_x * inverse_deviation,
            sum,
            torch::Tensor(),
            torch::Tensor(),
            torch::Tensor(),
            torch::Tensor(),
            torch::Tensor()};
  }
};

torch::Tensor as_mask(const torch::Tensor& valid) { return valid.to(torch::kFloat).contiguous(); }

}  // namespace

torch::Tensor masked_max_pool(const torch::Tensor& maps, const torch::Tensor& valid,
                              int pool_frequency, int pool_time) {
  return MaskedMaxPoolNode::apply(maps, as_mask(valid), std::int64_t{pool_frequency},
                                  std::int64_t{pool_time});
}

NormalizedMaps norm_relu(const torch::Tensor& maps_any, const torch::Tensor& valid_any,
                         const torch::Tensor& weight, const torch::Tensor& bias, double epsilon,
                         const AllReduce& all_reduce) {
  const torch::Tensor maps = channels_last(maps_any);
  const torch::Tensor valid = as_mask(valid_any);
  NormalizedMaps result;
  {
    const torch::NoGradGuard no_grad;
    const Moments moments = moments_of(maps.detach(), valid, all_reduce);
    result.count = moments.count;
    result.mean = moments.mean;
    result.variance = moments.variance;
  }
  result.maps = NormReluNode::apply(maps, valid, weight, bias, result.mean, result.variance,
                                    epsilon, result.count, to_saved_data(all_reduce));
  return result;
}

torch::Tensor norm_relu_with(const torch::Tensor& maps, const torch::Tensor& valid,
                             const torch::Tensor& weight, const torch::Tensor& bias,
                             const torch::Tensor& mean, const torch::Tensor& variance,
                             double epsilon) {
  return NormReluNode::apply(channels_last(maps), as_mask(valid), weight, bias, mean, variance,
                             epsilon, 0.0, to_saved_data({}));
}

}  // namespace mer
