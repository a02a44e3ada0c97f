#include "ops/bi_lstm.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mer/signal/network_kernels.hpp"
#include "ops/own_kernels.hpp"
#include "ops/packed_matrix.hpp"

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Weights of one direction of one layer, in LibTorch's order.
struct DirectionWeights {
  torch::Tensor input, hidden, input_bias, hidden_bias;
};

DirectionWeights direction_weights(const torch::nn::LSTM& lstm, std::int64_t layer, bool reverse) {
  const std::vector<torch::Tensor> all = lstm->all_weights();
  const auto first = static_cast<std::size_t>(4 * (2 * layer + (reverse ? 1 : 0)));
  return {all[first], all[first + 1], all[first + 2], all[first + 3]};
}

// ---- Own kernel

/// Numbers of each step of each row of a batch.
template <class Number>
struct Steps {
  Number* data;
  std::int64_t row_stride, step_stride;

  Number* at(std::int64_t row, std::int64_t step) const {
    return data + row * row_stride + step * step_stride;
  }
};

/// Of [B, steps, size]; with `keeps` false every step has the same place, [B, size].
Steps<float> steps_of(torch::Tensor& tensor, bool keeps = true) {
  return {tensor.data_ptr<float>(), tensor.stride(0), keeps ? tensor.stride(1) : 0};
}

/// One direction of a layer: the half of outputs, gates and their gradients that is its own.
struct Direction {
  std::int64_t batch, num_steps, units;
  bool reverse;
  const float* valid;  ///< [B, steps]

  std::int64_t step(std::int64_t i) const { return reverse ? num_steps - 1 - i : i; }
  bool is_valid(std::int64_t b, std::int64_t t) const { return valid[b * num_steps + t] != 0.0F; }
  std::int64_t first(std::int64_t size) const { return reverse ? size : 0; }
};

/// @param projected  the input's share of the gates, biases included
/// @param cells      zeros where steps share a place
void forward_direction(const Direction& direction, Steps<const float> projected,
                       const torch::Tensor& weight_hh, Steps<float> gates, Steps<float> cells,
                       Steps<float> cell_tanhs, Steps<float> outputs) {
  const std::int64_t units = direction.units;
  const PackedMatrix weight(weight_hh.t());
  const std::vector<float> zeros(static_cast<std::size_t>(units), 0.0F);
  for (std::int64_t i = 0; i < direction.num_steps; ++i) {
    const std::int64_t t = direction.step(i);
    const std::int64_t before = i > 0 ? direction.step(i - 1) : -1;
    if (i > 0) {
      weight.multiply(direction.batch, {outputs.at(0, before), outputs.row_stride},
                      {gates.at(0, t), gates.row_stride},
                      {projected.at(0, t), projected.row_stride});
    }
    for (std::int64_t b = 0; b < direction.batch; ++b) {
      if (i == 0) std::copy_n(projected.at(b, t), 4 * units, gates.at(b, t));
      const float* cell_before = i > 0 ? cells.at(b, before) : zeros.data();
      if (direction.is_valid(b, t)) {
        kernels::lstm_cell(units, gates.at(b, t), cell_before, cells.at(b, t), cell_tanhs.at(b, t),
                           outputs.at(b, t));
      } else {  // padding: the state stays
        std::copy_n(cell_before, units, cells.at(b, t));
        std::copy_n(i > 0 ? outputs.at(b, before) : zeros.data(), units, outputs.at(b, t));
      }
    }
  }
}

/// @param gates_grad  comes out
void backward_direction(const Direction& direction, const torch::Tensor& weight_hh,
                        Steps<float> gates, Steps<float> cells, Steps<float> cell_tanhs,
                        Steps<float> output_grad, Steps<float> gates_grad) {
  const std::int64_t units = direction.units;
  const PackedMatrix weight(weight_hh);
  const std::vector<float> zeros(static_cast<std::size_t>(units), 0.0F);
  std::vector<float> hidden_grad(static_cast<std::size_t>(direction.batch * units), 0.0F);
  std::vector<float> cell_grad = hidden_grad;
  for (std::int64_t i = direction.num_steps - 1; i >= 0; --i) {
    const std::int64_t t = direction.step(i);
    for (std::int64_t b = 0; b < direction.batch; ++b) {
      float* hidden = hidden_grad.data() + b * units;
      if (direction.is_valid(b, t)) {
        kernels::lstm_cell_backward(units, gates.at(b, t),
                                    i > 0 ? cells.at(b, direction.step(i - 1)) : zeros.data(),
                                    cell_tanhs.at(b, t), output_grad.at(b, t), hidden,
                                    cell_grad.data() + b * units, gates_grad.at(b, t));
      } else {
        std::fill_n(gates_grad.at(b, t), 4 * units, 0.0F);
        for (std::int64_t u = 0; u < units; ++u) hidden[u] += output_grad.at(b, t)[u];
      }
    }
    if (i > 0) {
      weight.multiply(direction.batch, {gates_grad.at(0, t), gates_grad.row_stride},
                      {hidden_grad.data(), units}, {hidden_grad.data(), units});
    }
  }
}

/// A layer's two directions as one node of the gradient's graph. LibTorch's own makes some twenty
/// nodes a step, whose bookkeeping costs more than their arithmetic at the sizes of this project's
/// networks.
///   projected    [B, steps, 8 · units]
///   weight_hh    [4 · units, units], of each direction
///   valid        [B, steps] float; where it is 0 the state stays as it was
///   returns      [B, steps, 2 · units]
class BiLstmLayer : public torch::autograd::Function<BiLstmLayer> {
 public:
  /// @param keeps  what the way back needs
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& projected_any,
                               const torch::Tensor& ahead, const torch::Tensor& back,
                               const torch::Tensor& valid, bool keeps) {
    torch::Tensor projected = projected_any.contiguous();
    const std::int64_t batch = projected.size(0);
    const std::int64_t num_steps = projected.size(1);
    const std::int64_t units = ahead.size(1);
    const std::int64_t kept = keeps ? num_steps : 1;
    const auto room = [&](std::int64_t size) {
      return torch::zeros({batch, kept, size}, projected.options());
    };
    torch::Tensor outputs = torch::empty({batch, num_steps, 2 * units}, projected.options());
    variable_list saved = {ahead, back, valid, outputs};
    for (const bool reverse : {false, true}) {
      const Direction direction{batch, num_steps, units, reverse, valid.data_ptr<float>()};
      torch::Tensor gates = room(4 * units);
      torch::Tensor cells = room(units);
      torch::Tensor cell_tanhs = room(units);
      Steps<float> out = steps_of(outputs);
      out.data += direction.first(units);
      forward_direction(direction,
                        {projected.data_ptr<float>() + direction.first(4 * units),
                         projected.stride(0), projected.stride(1)},
                        reverse ? back : ahead, steps_of(gates, keeps), steps_of(cells, keeps),
                        steps_of(cell_tanhs, keeps), out);
      saved.insert(saved.end(), {gates, cells, cell_tanhs});
    }
    if (keeps) context->save_for_backward(saved);
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    variable_list saved = context->get_saved_variables();
    const torch::Tensor& outputs = saved[3];
    const std::int64_t units = outputs.size(2) / 2;
    const std::int64_t num_steps = outputs.size(1);
    torch::Tensor output_grad = grads[0].contiguous();
    torch::Tensor projected_grad =
        torch::empty({outputs.size(0), num_steps, 8 * units}, outputs.options());
    variable_list weight_grads;
    for (const bool reverse : {false, true}) {
      const Direction direction{outputs.size(0), num_steps, units, reverse,
                                saved[2].data_ptr<float>()};
      Steps<float> from = steps_of(output_grad);
      Steps<float> to = steps_of(projected_grad);
      from.data += direction.first(units);
      to.data += direction.first(4 * units);
      const std::size_t own = reverse ? 7 : 4;
      backward_direction(direction, saved[reverse ? 1 : 0], steps_of(saved[own]),
                         steps_of(saved[own + 1]), steps_of(saved[own + 2]), from, to);
      // Each step's gates saw the state of the step before it; the first saw zeros.
      const auto part = [&](const torch::Tensor& of, std::int64_t first, std::int64_t size) {
        return of.narrow(1, first, num_steps - 1)
            .narrow(2, direction.first(size), size)
            .reshape({-1, size});
      };
      weight_grads.push_back(part(projected_grad, reverse ? 0 : 1, 4 * units)
                                 .t()
                                 .mm(part(outputs, reverse ? 1 : 0, units)));
    }
    return {projected_grad, weight_grads[0], weight_grads[1], {}, {}};
  }
};

BiLstmOutput run_own(const torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  const torch::Tensor valid = mask.valid.to(torch::kFloat).contiguous();
  const std::int64_t units = lstm->options.hidden_size();
  const bool keeps = torch::GradMode::is_enabled();
  torch::Tensor steps = x;
  for (std::int64_t layer = 0; layer < lstm->options.num_layers(); ++layer) {
    const DirectionWeights ahead = direction_weights(lstm, layer, false);
    const DirectionWeights back = direction_weights(lstm, layer, true);
    const torch::Tensor bias =
        torch::cat({ahead.input_bias + ahead.hidden_bias, back.input_bias + back.hidden_bias});
    const torch::Tensor projected =
        torch::linear(steps, torch::cat({ahead.input, back.input}), bias);
    steps = BiLstmLayer::apply(projected, ahead.hidden, back.hidden, valid, keeps);
  }
  const torch::Tensor last = torch::cat(
      {steps.select(1, -1).narrow(1, 0, units), steps.select(1, 0).narrow(1, units, units)}, 1);
  return {steps, last};
}

// ---- LibTorch's

/// One direction of a layer, [B, steps, units].
torch::Tensor run_direction(const torch::Tensor& x, const DirectionWeights& weights,
                            bool training) {
  const torch::Tensor zeros =
      torch::zeros({1, x.size(0), weights.hidden.size(1)}, weights.hidden.options());
  const std::vector<torch::Tensor> all = {weights.input, weights.hidden, weights.input_bias,
                                          weights.hidden_bias};
  return std::get<0>(torch::lstm(x, {zeros, zeros}, all, /*has_biases=*/true, /*num_layers=*/1,
                                 /*dropout=*/0.0, training, /*bidirectional=*/false,
                                 /*batch_first=*/true));
}

/// LibTorch's own LSTM, which is cuDNN's on a GPU. Its packed sequences would be slower on the CPU
/// than a direction at a time: ahead, padding at the end comes too late to matter; back, each row's
/// valid steps are turned round for it.
BiLstmOutput run_libtorch(torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  if (mask.all_valid) {
    const auto [steps, state] = lstm->forward(x);
    const torch::Tensor& hidden = std::get<0>(state);
    return {steps, torch::cat({hidden[-2], hidden[-1]}, 1)};
  }
  const std::int64_t batch = x.size(0);
  const std::int64_t num_steps = x.size(1);
  const torch::Tensor lengths = mask.valid.sum(1, true).to(torch::kLong);  // [B, 1]
  const torch::Tensor t = torch::arange(num_steps, lengths.options()).unsqueeze(0);
  const torch::Tensor turned = torch::where(t < lengths, lengths - 1 - t, t);  // [B, steps]
  const torch::Tensor first_rows =
      torch::arange(batch, lengths.options()).unsqueeze(1) * num_steps;  // of all steps of all rows
  const auto turn = [&](const torch::Tensor& steps) {
    return steps.flatten(0, 1).index_select(0, (first_rows + turned).flatten()).view_as(steps);
  };
  const auto at_end = [&](const torch::Tensor& steps) {
    return steps.flatten(0, 1).index_select(0, (first_rows + lengths - 1).flatten());
  };
  torch::Tensor steps = x;
  torch::Tensor last;
  for (std::int64_t layer = 0; layer < lstm->options.num_layers(); ++layer) {
    const torch::Tensor ahead =
        run_direction(steps, direction_weights(lstm, layer, false), lstm->is_training());
    const torch::Tensor back =
        run_direction(turn(steps), direction_weights(lstm, layer, true), lstm->is_training());
    last = torch::cat({at_end(ahead), at_end(back)}, 1);
    steps = torch::cat({ahead, turn(back)}, 2);
  }
  return {steps, last};
}

}  // namespace

BiLstmOutput run_bi_lstm(torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask) {
  return has_own_kernel(OwnKernel::kLstm, x) ? run_own(lstm, x, mask) : run_libtorch(lstm, x, mask);
}

}  // namespace mer
