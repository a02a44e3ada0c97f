#include "ops/first_conv.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mer/core/vector_clones.hpp"
#include "ops/own_kernels.hpp"

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kLanes = 8;      ///< channels computed at once
constexpr std::int64_t kPositions = 8;  ///< steps computed at once

/// Eight channels; the compiler makes one vector register of it, or two or four.
template <class Real>
struct Lanes {
  typedef Real Vector __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real))));
};
template <class Real>
using Vector = typename Lanes<Real>::Vector;

struct ConvSizes {
  std::int64_t batch, bands, steps;
  std::int64_t channels;  ///< of each of the two convolutions
  std::int64_t time_taps, frequency_taps;
  std::int64_t pool_frequency, pool_time;

  std::int64_t pooled_bands() const { return (bands + pool_frequency - 1) / pool_frequency; }
  std::int64_t pooled_steps() const { return (steps + pool_time - 1) / pool_time; }
  std::int64_t maps() const { return 2 * channels; }
  /// Steps of a row in blocks; what is computed beyond the last step nobody looks at.
  std::int64_t block_steps() const { return (steps + kPositions - 1) / kPositions * kPositions; }
  /// A row of the map with zeros around it.
  std::int64_t padded_steps() const { return block_steps() + time_taps - 1; }
  std::int64_t padded_bands() const { return bands + frequency_taps - 1; }
};

/// One map with zeros around it, so that no tap falls outside.
template <class Real>
std::vector<Real> padded_map(const ConvSizes& sizes, const Real* map) {
  std::vector<Real> padded(static_cast<std::size_t>(sizes.padded_bands() * sizes.padded_steps()),
                           Real(0));
  Real* to = padded.data() + sizes.frequency_taps / 2 * sizes.padded_steps() + sizes.time_taps / 2;
  for (std::int64_t band = 0; band < sizes.bands; ++band) {
    std::copy_n(map + band * sizes.steps, sizes.steps, to + band * sizes.padded_steps());
  }
  return padded;
}

/// out[t][c] = Σ_k x[t + k · stride] · weight[k][c] for t < block_steps and eight channels c.
template <class Real>
MER_INLINE void conv_row(const Real* x, std::int64_t stride, std::int64_t taps, const Real* weight,
                         std::int64_t weight_stride, std::int64_t block_steps,
                         std::int64_t out_stride, Real* out) {
  for (std::int64_t first = 0; first < block_steps; first += kPositions) {
    Vector<Real> sums[kPositions] = {};
    for (std::int64_t k = 0; k < taps; ++k) {
      const auto w = *reinterpret_cast<const Vector<Real>*>(weight + k * weight_stride);
      const Real* from = x + first + k * stride;
#pragma GCC unroll 8
      for (std::int64_t i = 0; i < kPositions; ++i) sums[i] += from[i] * w;
    }
#pragma GCC unroll 8
    for (std::int64_t i = 0; i < kPositions; ++i) {
      *reinterpret_cast<Vector<Real>*>(out + (first + i) * out_stride) = sums[i];
    }
  }
}

/// weight_grad[k][c] += Σ_t x[t + k · stride] · grad[t][c] for eight channels c.
template <class Real>
MER_INLINE void conv_row_weights(const Real* x, std::int64_t stride, std::int64_t taps,
                                 const Real* grad, std::int64_t grad_stride,
                                 std::int64_t block_steps, Real* weight_grad,
                                 std::int64_t weight_stride) {
  for (std::int64_t k = 0; k < taps; ++k) {
    Vector<Real> sums[4] = {};
    const Real* from = x + k * stride;
    for (std::int64_t t = 0; t < block_steps; t += 4) {
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < 4; ++i) {
        sums[i] +=
            from[t + i] * *reinterpret_cast<const Vector<Real>*>(grad + (t + i) * grad_stride);
      }
    }
    *reinterpret_cast<Vector<Real>*>(weight_grad + k * weight_stride) +=
        (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

/// Maxima of one band's row into those of its window, as in masked_max_pool(): place says which
/// element of the window the row begins with.
template <class Real>
MER_INLINE void pool_row_into(const Real* row, const float* valid, const ConvSizes& sizes,
                              std::int32_t first_place, Real* __restrict pooled,
                              std::int32_t* __restrict winner) {
  const std::int64_t maps = sizes.maps();
  for (std::int64_t begin = 0; begin < sizes.steps; begin += sizes.pool_time) {
    const std::int64_t end = std::min(begin + sizes.pool_time, sizes.steps);
    for (std::int64_t t = begin; t < end; ++t) {
      if (valid[t] == 0.0F) continue;
      const Real* x = row + t * maps;
      const auto place = first_place + static_cast<std::int32_t>(t - begin);
      for (std::int64_t c = 0; c < maps; ++c) {
        const bool larger = (winner[c] < 0) | (x[c] > pooled[c]) | (x[c] != x[c]);
        pooled[c] = larger ? x[c] : pooled[c];
        winner[c] = larger ? place : winner[c];
      }
    }
    pooled += maps;
    winner += maps;
  }
}

/// The pooled gradient at the places of the maxima in one band's row, 0 elsewhere.
template <class Real>
MER_INLINE void unpool_row_from(const Real* pooled_grad, const std::int32_t* winner,
                                const ConvSizes& sizes, std::int32_t first_place,
                                Real* __restrict row) {
  const std::int64_t maps = sizes.maps();
  for (std::int64_t t = 0; t < sizes.steps; ++t) {
    const std::int64_t window = t / sizes.pool_time;
    const Real* from = pooled_grad + window * maps;
    const std::int32_t* won = winner + window * maps;
    const auto place = first_place + static_cast<std::int32_t>(t - window * sizes.pool_time);
    for (std::int64_t c = 0; c < maps; ++c) row[t * maps + c] = won[c] == place ? from[c] : Real(0);
  }
}

/// One band's row of the unpooled maps.
template <class Real>
MER_INLINE void conv_both(const ConvSizes& sizes, const Real* padded, const Real* time_weight,
                          const Real* frequency_weight, std::int64_t band, Real* row) {
  const std::int64_t width = sizes.padded_steps();
  const Real* along_time = padded + (band + sizes.frequency_taps / 2) * width;
  const Real* along_frequency = padded + band * width + sizes.time_taps / 2;
  for (std::int64_t c = 0; c < sizes.channels; c += kLanes) {
    conv_row(along_time, 1, sizes.time_taps, time_weight + c, sizes.channels, sizes.block_steps(),
             sizes.maps(), row + c);
    conv_row(along_frequency, width, sizes.frequency_taps, frequency_weight + c, sizes.channels,
             sizes.block_steps(), sizes.maps(), row + sizes.channels + c);
  }
}

/// One row of the pooled maps; `row` is room for one band's row of the unpooled ones.
template <class Real>
MER_INLINE void forward_row(const ConvSizes& sizes, const Real* padded, const float* valid,
                            const Real* time_weight, const Real* frequency_weight,
                            std::int64_t pooled_band, Real* row, Real* pooled,
                            std::int32_t* winner) {
  const std::int64_t size = sizes.pooled_steps() * sizes.maps();
  std::fill_n(pooled, size, Real(0));
  std::fill_n(winner, size, -1);
  const std::int64_t first = pooled_band * sizes.pool_frequency;
  const std::int64_t last = std::min(first + sizes.pool_frequency, sizes.bands);
  for (std::int64_t band = first; band < last; ++band) {
    conv_both(sizes, padded, time_weight, frequency_weight, band, row);
    pool_row_into(row, valid, sizes, static_cast<std::int32_t>((band - first) * sizes.pool_time),
                  pooled, winner);
  }
}

template <class Real>
MER_INLINE void backward_row(const ConvSizes& sizes, const Real* padded, const Real* pooled_grad,
                             const std::int32_t* winner, std::int64_t pooled_band, Real* row,
                             Real* time_grad, Real* frequency_grad) {
  const std::int64_t maps = sizes.maps();
  const std::int64_t width = sizes.padded_steps();
  const std::int64_t first = pooled_band * sizes.pool_frequency;
  const std::int64_t last = std::min(first + sizes.pool_frequency, sizes.bands);
  for (std::int64_t band = first; band < last; ++band) {
    unpool_row_from(pooled_grad, winner, sizes,
                    static_cast<std::int32_t>((band - first) * sizes.pool_time), row);
    const Real* along_time = padded + (band + sizes.frequency_taps / 2) * width;
    const Real* along_frequency = padded + band * width + sizes.time_taps / 2;
    for (std::int64_t c = 0; c < sizes.channels; c += kLanes) {
      conv_row_weights(along_time, 1, sizes.time_taps, row + c, maps, sizes.block_steps(),
                       time_grad + c, sizes.channels);
      conv_row_weights(along_frequency, width, sizes.frequency_taps, row + sizes.channels + c, maps,
                       sizes.block_steps(), frequency_grad + c, sizes.channels);
    }
  }
}

MER_EIGHTS_FMA_CLONES
void forward_band(const ConvSizes& sizes, const float* padded, const float* valid,
                  const float* time_weight, const float* frequency_weight, std::int64_t pooled_band,
                  float* row, float* pooled, std::int32_t* winner) {
  forward_row(sizes, padded, valid, time_weight, frequency_weight, pooled_band, row, pooled,
              winner);
}
void forward_band(const ConvSizes& sizes, const double* padded, const float* valid,
                  const double* time_weight, const double* frequency_weight,
                  std::int64_t pooled_band, double* row, double* pooled, std::int32_t* winner) {
  forward_row(sizes, padded, valid, time_weight, frequency_weight, pooled_band, row, pooled,
              winner);
}
MER_EIGHTS_FMA_CLONES
void conv_band(const ConvSizes& sizes, const float* padded, const float* time_weight,
               const float* frequency_weight, std::int64_t band, float* row) {
  conv_both(sizes, padded, time_weight, frequency_weight, band, row);
}
void conv_band(const ConvSizes& sizes, const double* padded, const double* time_weight,
               const double* frequency_weight, std::int64_t band, double* row) {
  conv_both(sizes, padded, time_weight, frequency_weight, band, row);
}
MER_EIGHTS_FMA_CLONES
void backward_band(const ConvSizes& sizes, const float* padded, const float* pooled_grad,
                   const std::int32_t* winner, std::int64_t pooled_band, float* row,
                   float* time_grad, float* frequency_grad) {
  backward_row(sizes, padded, pooled_grad, winner, pooled_band, row, time_grad, frequency_grad);
}
void backward_band(const ConvSizes& sizes, const double* padded, const double* pooled_grad,
                   const std::int32_t* winner, std::int64_t pooled_band, double* row,
                   double* time_grad, double* frequency_grad) {
  backward_row(sizes, padded, pooled_grad, winner, pooled_band, row, time_grad, frequency_grad);
}

template <class Work>
void each_map(std::int64_t batch, const Work& work) {
  at::parallel_for(0, batch, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) work(b);
  });
}

/// [channels, 1, …taps…] → [taps, channels], so that a tap's channels stand side by side.
torch::Tensor taps_first(const torch::Tensor& weight) {
  return weight.detach().flatten(1).t().contiguous();
}

ConvSizes sizes_of(const torch::Tensor& input, const torch::Tensor& time_weight,
                   const torch::Tensor& frequency_weight, std::int64_t pool_frequency,
                   std::int64_t pool_time) {
  return {input.size(0),       input.size(1),
          input.size(2),       time_weight.size(0),
          time_weight.size(3), frequency_weight.size(2),
          pool_frequency,      pool_time};
}

torch::Tensor empty_pooled(const ConvSizes& sizes, const torch::TensorOptions& options) {
  return torch::empty({sizes.batch, sizes.maps(), sizes.pooled_bands(), sizes.pooled_steps()},
                      options.memory_format(at::MemoryFormat::ChannelsLast));
}

/// Without a gradient: each row of pooled maps is normalized when its bands are there.
template <class Real>
void conv_pool_norm(const ConvSizes& sizes, const torch::Tensor& input, const torch::Tensor& valid,
                    const torch::Tensor& time_taps, const torch::Tensor& frequency_taps,
                    const GivenNorm& norm, torch::Tensor& pooled) {
  each_map(sizes.batch, [&](std::int64_t b) {
    const std::vector<Real> padded =
        padded_map(sizes, input.data_ptr<Real>() + b * sizes.bands * sizes.steps);
    // What a block computes beyond the end of a row is overwritten by the next row.
    const std::int64_t row = sizes.steps * sizes.maps();
    std::vector<Real> rows(
        static_cast<std::size_t>(sizes.pool_frequency * row + kPositions * sizes.maps()));
    for (std::int64_t pooled_band = 0; pooled_band < sizes.pooled_bands(); ++pooled_band) {
      const std::int64_t first = pooled_band * sizes.pool_frequency;
      const std::int64_t window = std::min(sizes.pool_frequency, sizes.bands - first);
      for (std::int64_t i = 0; i < window; ++i) {
        conv_band(sizes, padded.data(), time_taps.data_ptr<Real>(), frequency_taps.data_ptr<Real>(),
                  first + i, rows.data() + i * row);
      }
      pool_norm_row({valid.data_ptr<float>() + b * sizes.steps, sizes.steps, sizes.maps(), window,
                     sizes.pool_time},
                    rows.data(), norm.scale.data_ptr<Real>(), norm.shift.data_ptr<Real>(),
                    pooled.data_ptr<Real>() + (b * sizes.pooled_bands() + pooled_band) *
                                                  sizes.pooled_steps() * sizes.maps());
    }
  });
}

class FirstConvPoolNode : public torch::autograd::Function<FirstConvPoolNode> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input_any,
                               const torch::Tensor& valid, const torch::Tensor& time_weight,
                               const torch::Tensor& frequency_weight, std::int64_t pool_frequency,
                               std::int64_t pool_time) {
    const torch::Tensor input = input_any.contiguous();
    const ConvSizes sizes =
        sizes_of(input, time_weight, frequency_weight, pool_frequency, pool_time);
    const torch::Tensor time_taps = taps_first(time_weight);
    const torch::Tensor frequency_taps = taps_first(frequency_weight);
    torch::Tensor pooled = empty_pooled(sizes, input.options());
    torch::Tensor winner = torch::empty_like(pooled, torch::kInt32);
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "first_conv_pool", [&] {
      const auto* from = input.data_ptr<scalar_t>();
      const auto* mask = valid.data_ptr<float>();
      const auto* time = time_taps.data_ptr<scalar_t>();
      const auto* frequency = frequency_taps.data_ptr<scalar_t>();
      auto* to = pooled.data_ptr<scalar_t>();
      auto* won = winner.data_ptr<std::int32_t>();
      each_map(sizes.batch, [&](std::int64_t b) {
        const std::vector<scalar_t> padded =
            padded_map(sizes, from + b * sizes.bands * sizes.steps);
        std::vector<scalar_t> row(static_cast<std::size_t>(sizes.block_steps() * sizes.maps()));
        const std::int64_t row_size = sizes.pooled_steps() * sizes.maps();
        for (std::int64_t band = 0; band < sizes.pooled_bands(); ++band) {
          const std::int64_t place = (b * sizes.pooled_bands() + band) * row_size;
          forward_band(sizes, padded.data(), mask + b * sizes.steps, time, frequency, band,
                       row.data(), to + place, won + place);
        }
      });
    });
    context->save_for_backward({input, winner, time_weight, frequency_weight});
    context->saved_data["pool_frequency"] = pool_frequency;
    context->saved_data["pool_time"] = pool_time;
    return pooled;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor& input = saved[0];
    const torch::Tensor& winner = saved[1];
    const ConvSizes sizes =
        sizes_of(input, saved[2], saved[3], context->saved_data["pool_frequency"].toInt(),
                 context->saved_data["pool_time"].toInt());
    const torch::Tensor pooled_grad = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    // Each element's share by itself, added up in order: the same on any number of threads.
    torch::Tensor time_grads =
        torch::zeros({sizes.batch, sizes.time_taps, sizes.channels}, input.options());
    torch::Tensor frequency_grads =
        torch::zeros({sizes.batch, sizes.frequency_taps, sizes.channels}, input.options());
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "first_conv_pool_backward", [&] {
      const auto* map = input.data_ptr<scalar_t>();
      const auto* from = pooled_grad.data_ptr<scalar_t>();
      const auto* won = winner.data_ptr<std::int32_t>();
      auto* time = time_grads.data_ptr<scalar_t>();
      auto* frequency = frequency_grads.data_ptr<scalar_t>();
      each_map(sizes.batch, [&](std::int64_t b) {
        const std::vector<scalar_t> padded = padded_map(sizes, map + b * sizes.bands * sizes.steps);
        std::vector<scalar_t> row(static_cast<std::size_t>(sizes.block_steps() * sizes.maps()));
        const std::int64_t row_size = sizes.pooled_steps() * sizes.maps();
        for (std::int64_t band = 0; band < sizes.pooled_bands(); ++band) {
          const std::int64_t place = (b * sizes.pooled_bands() + band) * row_size;
          backward_band(sizes, padded.data(), from + place, won + place, band, row.data(),
                        time + b * sizes.time_taps * sizes.channels,
                        frequency + b * sizes.frequency_taps * sizes.channels);
        }
      });
    });
    const auto like_weight = [](const torch::Tensor& shares, const torch::Tensor& weight) {
      return shares.sum(0).t().contiguous().view(weight.sizes());
    };
    return {torch::Tensor(),
            torch::Tensor(),
            like_weight(time_grads, saved[2]),
            like_weight(frequency_grads, saved[3]),
            torch::Tensor(),
            torch::Tensor()};
  }
};

}  // namespace

bool has_first_conv_pool(const torch::Tensor& input, const torch::Tensor& time_weight) {
  return has_own_kernels(input) && !input.requires_grad() && time_weight.size(0) % kLanes == 0;
}

torch::Tensor first_conv_pool(const torch::Tensor& input, const torch::Tensor& valid,
                              const torch::Tensor& time_weight,
                              const torch::Tensor& frequency_weight, int pool_frequency,
                              int pool_time) {
  return FirstConvPoolNode::apply(input, valid.to(torch::kFloat).contiguous(), time_weight,
                                  frequency_weight, std::int64_t{pool_frequency},
                                  std::int64_t{pool_time});
}

torch::Tensor first_conv_pool_norm_relu(const torch::Tensor& input_any,
                                        const torch::Tensor& valid_any,
                                        const torch::Tensor& time_weight,
                                        const torch::Tensor& frequency_weight, int pool_frequency,
                                        int pool_time, const GivenNorm& norm) {
  const torch::Tensor input = input_any.contiguous();
  const torch::Tensor valid = valid_any.to(torch::kFloat).contiguous();
  const ConvSizes sizes = sizes_of(input, time_weight, frequency_weight, pool_frequency, pool_time);
  torch::Tensor pooled = empty_pooled(sizes, input.options());
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "first_conv_pool_norm_relu", [&] {
    conv_pool_norm<scalar_t>(sizes, input, valid, taps_first(time_weight),
                             taps_first(frequency_weight), norm, pooled);
  });
  return pooled;
}

}  // namespace mer
