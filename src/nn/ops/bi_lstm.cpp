#include "ops/bi_lstm.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include "mer/core/vector_clones.hpp"
#include "mer/nn/mixed_precision.hpp"
#include "ops/own_kernels.hpp"
#include "ops/right_factor.hpp"

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

MER_INLINE double exponential(double x) { return std::exp(x); }

/// exp by range reduction and a polynomial (Cephes' expf, relative error below 2e-7), written so
/// that a loop over it becomes vector instructions. Arguments beyond ±87 saturate; NaN stays NaN.
MER_INLINE float exponential(float x) {
  constexpr float kRounder = 12582912.0F;  // 1.5 · 2^23: adding it rounds to an integer
  x = x < -87.0F ? -87.0F : x;
  x = x > 87.0F ? 87.0F : x;
  const float n = (x * 1.44269504F + kRounder) - kRounder;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::int32_t>(n) + 127;
  return p * std::bit_cast<float>(exponent << 23);
}

template <class Real>
MER_INLINE Real sigmoid(Real x) {
  return Real(1) / (Real(1) + exponential(-x));
}

template <class Real>
MER_INLINE Real hyperbolic_tangent(Real x) {
  return Real(1) - Real(2) / (exponential(Real(2) * x) + Real(1));
}

/// One row of one step. `gates` [4 · units] holds input, forget, cell and output gate before their
/// activation and after it at the end.
template <class Real>
MER_INLINE void cell_forward_row(std::int64_t units, Real* __restrict gates,
                                 const Real* __restrict cell_before, Real* __restrict cell,
                                 Real* __restrict cell_tanh, Real* __restrict hidden) {
  Real* __restrict in = gates;
  Real* __restrict forget = gates + units;
  Real* __restrict candidate = gates + 2 * units;
  Real* __restrict out = gates + 3 * units;
  for (std::int64_t u = 0; u < units; ++u) {
    in[u] = sigmoid(in[u]);
    forget[u] = sigmoid(forget[u]);
    candidate[u] = hyperbolic_tangent(candidate[u]);
    out[u] = sigmoid(out[u]);
    cell[u] = forget[u] * cell_before[u] + in[u] * candidate[u];
    cell_tanh[u] = hyperbolic_tangent(cell[u]);
    hidden[u] = out[u] * cell_tanh[u];
  }
}

/// The same row backwards. `hidden_grad` and `cell_grad` come in as what later steps sent (the
/// output's own gradient is added here) and leave as what goes to the step before, for
/// `hidden_grad` without the share through the gates.
template <class Real>
MER_INLINE void cell_backward_row(std::int64_t units, const Real* __restrict gates,
                                  const Real* __restrict cell_before,
                                  const Real* __restrict cell_tanh,
                                  const Real* __restrict output_grad, Real* __restrict hidden_grad,
                                  Real* __restrict cell_grad, Real* __restrict gates_grad) {
  const Real* __restrict in_gate = gates;
  const Real* __restrict forget_gate = gates + units;
  const Real* __restrict candidate_gate = gates + 2 * units;
  const Real* __restrict out_gate = gates + 3 * units;
  Real* __restrict in_grad = gates_grad;
  Real* __restrict forget_grad = gates_grad + units;
  Real* __restrict candidate_grad = gates_grad + 2 * units;
  Real* __restrict out_grad = gates_grad + 3 * units;
  for (std::int64_t u = 0; u < units; ++u) {
    const Real in = in_gate[u];
    const Real forget = forget_gate[u];
    const Real candidate = candidate_gate[u];
    const Real out = out_gate[u];
    const Real dh = hidden_grad[u] + output_grad[u];
    const Real dc = cell_grad[u] + dh * out * (Real(1) - cell_tanh[u] * cell_tanh[u]);
    in_grad[u] = dc * candidate * in * (Real(1) - in);
    forget_grad[u] = dc * cell_before[u] * forget * (Real(1) - forget);
    candidate_grad[u] = dc * in * (Real(1) - candidate * candidate);
    out_grad[u] = dh * cell_tanh[u] * out * (Real(1) - out);
    cell_grad[u] = dc * forget;
    hidden_grad[u] = Real(0);
  }
}

MER_VECTOR_CLONES
void cell_forward(std::int64_t units, float* gates, const float* cell_before, float* cell,
                  float* cell_tanh, float* hidden) {
  cell_forward_row(units, gates, cell_before, cell, cell_tanh, hidden);
}
void cell_forward(std::int64_t units, double* gates, const double* cell_before, double* cell,
                  double* cell_tanh, double* hidden) {
  cell_forward_row(units, gates, cell_before, cell, cell_tanh, hidden);
}
MER_VECTOR_CLONES
void cell_backward(std::int64_t units, const float* gates, const float* cell_before,
                   const float* cell_tanh, const float* output_grad, float* hidden_grad,
                   float* cell_grad, float* gates_grad) {
  cell_backward_row(units, gates, cell_before, cell_tanh, output_grad, hidden_grad, cell_grad,
                    gates_grad);
}
void cell_backward(std::int64_t units, const double* gates, const double* cell_before,
                   const double* cell_tanh, const double* output_grad, double* hidden_grad,
                   double* cell_grad, double* gates_grad) {
  cell_backward_row(units, gates, cell_before, cell_tanh, output_grad, hidden_grad, cell_grad,
                    gates_grad);
}

/// The steps of one direction, in the order in which it takes them.
class StepOrder {
 public:
  StepOrder(std::int64_t num_steps, bool reverse) : num_steps_(num_steps), reverse_(reverse) {}
  std::int64_t at(std::int64_t i) const { return reverse_ ? num_steps_ - 1 - i : i; }

 private:
  std::int64_t num_steps_;
  bool reverse_;
};

template <class Real>
void forward_steps(const torch::Tensor& projected, const torch::Tensor& weight_hh,
                   const torch::Tensor& valid, bool reverse, torch::Tensor& gates,
                   torch::Tensor& cells, torch::Tensor& cell_tanhs, torch::Tensor& hiddens) {
  const std::int64_t num_steps = projected.size(0);
  const std::int64_t batch = projected.size(1);
  const std::int64_t units = weight_hh.size(1);
  const StepOrder order(num_steps, reverse);
  const torch::Tensor weight = weight_hh.t();
  const std::vector<torch::Tensor> projected_at = projected.unbind(0);
  std::vector<torch::Tensor> gates_at = gates.unbind(0);
  const std::vector<torch::Tensor> hidden_at = hiddens.unbind(0);
  const auto* valid_data = valid.data_ptr<float>();
  auto* gates_data = gates.data_ptr<Real>();
  auto* cell_data = cells.data_ptr<Real>();
  auto* tanh_data = cell_tanhs.data_ptr<Real>();
  auto* hidden_data = hiddens.data_ptr<Real>();
  const std::vector<Real> zeros(static_cast<std::size_t>(units), Real(0));

  for (std::int64_t i = 0; i < num_steps; ++i) {
    const std::int64_t t = order.at(i);
    const std::int64_t before = i > 0 ? order.at(i - 1) : -1;
    const auto step = static_cast<std::size_t>(t);
    if (before < 0) {
      gates_at[step].copy_(projected_at[step]);
    } else {
      torch::addmm_out(gates_at[step], projected_at[step],
                       hidden_at[static_cast<std::size_t>(before)], weight);
    }
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int64_t row = t * batch + b;
      const std::int64_t row_before = before * batch + b;
      const Real* cell_before = before < 0 ? zeros.data() : cell_data + row_before * units;
      if (valid_data[row] != 0.0F) {
        cell_forward(units, gates_data + row * 4 * units, cell_before, cell_data + row * units,
                     tanh_data + row * units, hidden_data + row * units);
      } else {  // padding: the state stays
        const Real* hidden_before = before < 0 ? zeros.data() : hidden_data + row_before * units;
        std::copy_n(cell_before, units, cell_data + row * units);
        std::copy_n(hidden_before, units, hidden_data + row * units);
      }
    }
  }
}

template <class Real>
void backward_steps(const torch::Tensor& weight_hh, const torch::Tensor& valid, bool reverse,
                    const torch::Tensor& gates, const torch::Tensor& cells,
                    const torch::Tensor& cell_tanhs, const torch::Tensor& output_grad,
                    torch::Tensor& gates_grad) {
  const std::int64_t num_steps = gates.size(0);
  const std::int64_t batch = gates.size(1);
  const std::int64_t units = weight_hh.size(1);
  const StepOrder order(num_steps, reverse);
  torch::Tensor hidden_grad = torch::zeros({batch, units}, gates.options());
  torch::Tensor cell_grad = torch::zeros({batch, units}, gates.options());
  const std::vector<torch::Tensor> gates_grad_at = gates_grad.unbind(0);
  const auto* valid_data = valid.data_ptr<float>();
  const auto* gates_data = gates.data_ptr<Real>();
  const auto* cell_data = cells.data_ptr<Real>();
  const auto* tanh_data = cell_tanhs.data_ptr<Real>();
  const auto* output_grad_data = output_grad.data_ptr<Real>();
  auto* gates_grad_data = gates_grad.data_ptr<Real>();
  auto* hidden_grad_data = hidden_grad.data_ptr<Real>();
  auto* cell_grad_data = cell_grad.data_ptr<Real>();
  const std::vector<Real> zeros(static_cast<std::size_t>(units), Real(0));

  for (std::int64_t i = num_steps - 1; i >= 0; --i) {
    const std::int64_t t = order.at(i);
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::int64_t row = t * batch + b;
      Real* row_hidden_grad = hidden_grad_data + b * units;
      if (valid_data[row] != 0.0F) {
        const Real* cell_before =
            i > 0 ? cell_data + (order.at(i - 1) * batch + b) * units : zeros.data();
        cell_backward(units, gates_data + row * 4 * units, cell_before, tanh_data + row * units,
                      output_grad_data + row * units, row_hidden_grad, cell_grad_data + b * units,
                      gates_grad_data + row * 4 * units);
      } else {
        std::fill_n(gates_grad_data + row * 4 * units, 4 * units, Real(0));
        for (std::int64_t u = 0; u < units; ++u) {
          row_hidden_grad[u] += output_grad_data[row * units + u];
        }
      }
    }
    if (i > 0) hidden_grad.addmm_(gates_grad_at[static_cast<std::size_t>(t)], weight_hh);
  }
}

/// One direction of one LSTM layer on the CPU as one node of the gradient's graph. LibTorch's own
/// makes some twenty nodes a step, whose bookkeeping costs more than their arithmetic at the sizes
/// of this project's networks.
///   projected  [steps, B, 4 · units]: the input's share of the gates, biases included
///   weight_hh  [4 · units, units]
///   valid      [steps, B] float; where it is 0 the state stays as it was
///   returns    [steps, B, units]
class LstmDirection : public torch::autograd::Function<LstmDirection> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& projected_any,
                               const torch::Tensor& weight_hh, const torch::Tensor& valid,
                               bool reverse) {
    const torch::Tensor projected = projected_any.contiguous();
    const std::vector<std::int64_t> state_sizes = {projected.size(0), projected.size(1),
                                                   weight_hh.size(1)};
    torch::Tensor gates = torch::empty_like(projected);
    torch::Tensor cells = torch::empty(state_sizes, projected.options());
    torch::Tensor cell_tanhs = torch::empty(state_sizes, projected.options());
    torch::Tensor hiddens = torch::empty(state_sizes, projected.options());
    if (projected.scalar_type() == torch::kDouble) {
      forward_steps<double>(projected, weight_hh, valid, reverse, gates, cells, cell_tanhs,
                            hiddens);
    } else {
      forward_steps<float>(projected, weight_hh, valid, reverse, gates, cells, cell_tanhs, hiddens);
    }
    context->save_for_backward({weight_hh, valid, gates, cells, cell_tanhs, hiddens});
    context->saved_data["reverse"] = reverse;
    return hiddens;
  }

  static variable_list backward(AutogradContext* context, variable_list output_grads) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor& weight_hh = saved[0];
    const torch::Tensor& gates = saved[2];
    const torch::Tensor& hiddens = saved[5];
    const bool reverse = context->saved_data["reverse"].toBool();
    const torch::Tensor output_grad = output_grads[0].contiguous();
    torch::Tensor gates_grad = torch::empty_like(gates);
    if (gates.scalar_type() == torch::kDouble) {
      backward_steps<double>(weight_hh, saved[1], reverse, gates, saved[3], saved[4], output_grad,
                             gates_grad);
    } else {
      backward_steps<float>(weight_hh, saved[1], reverse, gates, saved[3], saved[4], output_grad,
                            gates_grad);
    }
    // Each step's gates saw the state of the step before it; the first saw zeros.
    const std::int64_t rest = gates.size(0) - 1;
    const torch::Tensor later = gates_grad.narrow(0, reverse ? 0 : 1, rest).flatten(0, 1);
    const torch::Tensor earlier = hiddens.narrow(0, reverse ? 1 : 0, rest).flatten(0, 1);
    return {gates_grad, later.t().mm(earlier), torch::Tensor(), torch::Tensor()};
  }
};

/// Weights of one direction of one layer, in LibTorch's order.
struct DirectionWeights {
  torch::Tensor input, hidden, input_bias, hidden_bias;
};

DirectionWeights direction_weights(const torch::nn::LSTM& lstm, std::int64_t layer, bool reverse) {
  const std::vector<torch::Tensor> all = lstm->all_weights();
  const auto first = static_cast<std::size_t>(4 * (2 * layer + (reverse ? 1 : 0)));
  return {all[first], all[first + 1], all[first + 2], all[first + 3]};
}

/// One direction without a gradient.
///   projected  [B, steps, 8 · units]: both directions' shares of the gates
///   valid      [B, steps] float
///   outputs    [B, steps, 2 · units]: this direction's half is written
template <class Real>
void follow_direction(const torch::Tensor& projected, const torch::Tensor& weight_hh,
                      const torch::Tensor& valid, bool reverse, torch::Tensor& outputs) {
  const std::int64_t batch = projected.size(0);
  const std::int64_t num_steps = projected.size(1);
  const std::int64_t units = weight_hh.size(1);
  const std::int64_t row_gates = num_steps * 8 * units;
  const std::int64_t row_outputs = num_steps * 2 * units;
  const StepOrder order(num_steps, reverse);
  const RightFactor<Real> weight(weight_hh.t());
  const Real* from = projected.data_ptr<Real>() + (reverse ? 4 * units : 0);
  const auto* valid_data = valid.data_ptr<float>();
  Real* to = outputs.data_ptr<Real>() + (reverse ? units : 0);
  const auto zeros = [](std::int64_t size) {
    return std::vector<Real>(static_cast<std::size_t>(size), Real(0));
  };
  std::vector<Real> gates = zeros(batch * 4 * units);
  std::vector<Real> cells_before = zeros(batch * units);
  std::vector<Real> cells = zeros(batch * units);
  std::vector<Real> cell_tanh = zeros(units);
  const std::vector<Real> first_hidden = zeros(units);

  for (std::int64_t i = 0; i < num_steps; ++i) {
    const std::int64_t t = order.at(i);
    const Real* start = from + t * 8 * units;
    const Real* before = i > 0 ? to + order.at(i - 1) * 2 * units : nullptr;
    if (before == nullptr) {
      for (std::int64_t b = 0; b < batch; ++b) {
        std::copy_n(start + b * row_gates, 4 * units, gates.data() + b * 4 * units);
      }
    } else {
      weight.multiply_add(batch, {before, row_outputs}, {start, row_gates},
                          {gates.data(), 4 * units});
    }
    for (std::int64_t b = 0; b < batch; ++b) {
      Real* hidden = to + b * row_outputs + t * 2 * units;
      const Real* cell_before = cells_before.data() + b * units;
      Real* cell = cells.data() + b * units;
      if (valid_data[b * num_steps + t] != 0.0F) {
        cell_forward(units, gates.data() + b * 4 * units, cell_before, cell, cell_tanh.data(),
                     hidden);
      } else {  // padding: the state stays
        std::copy_n(cell_before, units, cell);
        std::copy_n(before == nullptr ? first_hidden.data() : before + b * row_outputs, units,
                    hidden);
      }
    }
    cells.swap(cells_before);
  }
}

/// All layers without a gradient: nothing is kept for a way back, nothing transposed.
BiLstmOutput follow_on_cpu(const torch::nn::LSTM& lstm, const torch::Tensor& x,
                           const StepMask& mask) {
  const torch::Tensor valid = mask.valid.to(torch::kFloat).contiguous();
  const std::int64_t units = lstm->options.hidden_size();
  torch::Tensor steps = x.contiguous();
  for (std::int64_t layer = 0; layer < lstm->options.num_layers(); ++layer) {
    const DirectionWeights ahead = direction_weights(lstm, layer, false);
    const DirectionWeights back = direction_weights(lstm, layer, true);
    const torch::Tensor bias =
        torch::cat({ahead.input_bias + ahead.hidden_bias, back.input_bias + back.hidden_bias});
    const torch::Tensor projected =
        at_least_float(torch::linear(steps, torch::cat({ahead.input, back.input}), bias));
    steps = torch::empty({x.size(0), x.size(1), 2 * units}, projected.options());
    for (const bool reverse : {false, true}) {
      const torch::Tensor& weight = reverse ? back.hidden : ahead.hidden;
      AT_DISPATCH_FLOATING_TYPES(projected.scalar_type(), "follow_direction", [&] {
        follow_direction<scalar_t>(projected, weight, valid, reverse, steps);
      });
    }
  }
  const torch::Tensor last = torch::cat(
      {steps.select(1, -1).narrow(1, 0, units), steps.select(1, 0).narrow(1, units, units)}, 1);
  return {steps, last};
}

BiLstmOutput run_on_cpu(const torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  const torch::Tensor valid = mask.valid.to(torch::kFloat).t().contiguous();  // [steps, B]
  torch::Tensor steps = x.transpose(0, 1).contiguous();                       // [steps, B, size]
  torch::Tensor last;
  for (std::int64_t layer = 0; layer < lstm->options.num_layers(); ++layer) {
    torch::Tensor directions[2];
    for (const bool reverse : {false, true}) {
      const DirectionWeights weights = direction_weights(lstm, layer, reverse);
      const torch::Tensor projected = at_least_float(
          torch::linear(steps, weights.input, weights.input_bias + weights.hidden_bias));
      directions[reverse ? 1 : 0] = LstmDirection::apply(projected, weights.hidden, valid, reverse);
    }
    last = torch::cat({directions[0][-1], directions[1][0]}, 1);
    steps = torch::cat({directions[0], directions[1]}, 2);
  }
  return {steps.transpose(0, 1), last};
}

/// LibTorch's own LSTM, which is cuDNN's on a GPU. Padding must stand at the rows' ends.
BiLstmOutput run_on_device(torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  // [2 · layers, B, units] → the last layer's two directions side by side, [B, 2 · units]
  const auto last_layer = [](const torch::Tensor& hidden) {
    return torch::cat({hidden[-2], hidden[-1]}, 1);
  };
  if (mask.all_valid) {
    const auto [steps, state] = lstm->forward(x);
    return {steps, last_layer(std::get<0>(state))};
  }
  const torch::Tensor lengths = mask.valid.sum(1).to(torch::kCPU, torch::kLong);
  const auto packed = torch::nn::utils::rnn::pack_padded_sequence(x, lengths, true, false);
  const auto [packed_steps, state] = lstm->forward_with_packed_input(packed);
  const auto [steps, unused] =
      torch::nn::utils::rnn::pad_packed_sequence(packed_steps, true, 0.0, x.size(1));
  return {steps, last_layer(std::get<0>(state))};
}

}  // namespace

BiLstmOutput run_bi_lstm(torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  if (!has_own_kernels(x)) return run_on_device(lstm, x, mask);
  return torch::GradMode::is_enabled() ? run_on_cpu(lstm, x, mask) : follow_on_cpu(lstm, x, mask);
}

}  // namespace mer
