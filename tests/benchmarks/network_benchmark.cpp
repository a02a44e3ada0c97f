// Segments a second that a trained network answers or learns from, from inputs that lie ready in
// memory: what train_speed.py compares with the same network in PyTorch.
//
//   mer_network_benchmark MODEL BATCH THREADS SECONDS [WORD …]
//
// Words: `training` (forwards and backwards, of BATCH / THREADS segments a thread, whose batch norm
// is ready to share a batch) in the place of evaluation; `padded` (every fourth segment ends
// early); and first_conv, winograd, pool_norm, lstm, maxima or all, own kernels in whose place
// LibTorch's operations are taken. Every thread has batches, in training a network, and LibTorch's
// single-threaded operations of its own. Prints one number.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/runs/model_card.hpp"
#include "ops/own_kernels.hpp"

namespace mer {
namespace {

using Clock = std::chrono::steady_clock;

struct Batch {
  FloatTensor spectrogram, spectrogram_valid;
  std::vector<FloatTensor> lld;
  FloatTensor lld_valid, song_vector;
};

FloatTensor filled(std::vector<std::int64_t> shape, const std::function<float()>& value) {
  std::size_t size = 1;
  for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
  FloatTensor tensor{std::move(shape), std::vector<float>(size)};
  for (float& x : tensor.values) x = value();
  return tensor;
}

/// 1 at valid steps.
FloatTensor mask(std::int64_t size, std::int64_t steps, bool padded) {
  FloatTensor valid = filled({size, steps}, [] { return 1.0F; });
  for (std::int64_t row = 0; padded && row < size; row += 4) {
    const auto end = valid.values.begin() + (row + 1) * steps;
    std::fill(end - steps / 3, end, 0.0F);
  }
  return valid;
}

Batch random_batch(const NetworkShape& shape, std::int64_t size, bool padded) {
  std::mt19937_64 rng(1);
  std::normal_distribution<float> normal;
  const auto draw = [&] { return normal(rng); };
  Batch batch;
  batch.spectrogram = filled({size, shape.spectrogram_bands, shape.spectrogram_steps}, draw);
  batch.spectrogram_valid = mask(size, shape.spectrogram_steps, padded);
  for (int branch = 0; branch < shape.lld_branches; ++branch) {
    batch.lld.push_back(filled({size, shape.lld_steps, shape.lld_columns}, draw));
  }
  batch.lld_valid = mask(size, shape.lld_steps, padded);
  batch.song_vector = filled({size, shape.song_vector_columns}, draw);
  return batch;
}

struct Job {
  std::string model;
  std::int64_t batch_size;
  int num_threads;
  double seconds;
  bool trains = false;
  bool padded = false;
  unsigned without = 0;  ///< of OwnKernel

  void read(const std::string& word) {
    const std::map<std::string, OwnKernel> kernels = {
        {"first_conv", OwnKernel::kFirstConv}, {"winograd", OwnKernel::kWinograd},
        {"pool_norm", OwnKernel::kPoolNorm},   {"lstm", OwnKernel::kLstm},
        {"maxima", OwnKernel::kMaxima},        {"all", OwnKernel::kAll}};
    if (word == "training") {
      trains = true;
    } else if (word == "padded") {
      padded = true;
    } else {
      without |= static_cast<unsigned>(kernels.at(word));
    }
  }
};

/// @param make_step  what a thread does over and over, with `rows` segments a time
double segments_per_second(const Job& job, double seconds, std::int64_t rows,
                           const std::function<std::function<void()>()>& make_step) {
  std::atomic<std::int64_t> segments{0};
  const Clock::time_point begin = Clock::now();
  const auto seconds_gone = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < job.num_threads; ++i) {
    threads.emplace_back([&] {
      set_torch_threads(1);
      const LibTorchOnly libtorch(static_cast<OwnKernel>(job.without));
      const std::function<void()> step = make_step();
      while (seconds_gone() < seconds) {
        step();
        segments += rows;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(segments) / seconds_gone();
}

/// A step of training without its optimizer.
std::function<void()> training_step(const ModelCard& card, const TensorFile& file,
                                    const Batch& batch) {
  const std::shared_ptr<Network> network = make_network(card.model, card.shape, 0);
  load_module_from(*network, kNetworkPrefix, file);
  network->train();
  share_batch(*network, [](const torch::Tensor&) {});
  return [network, &batch] {
    NetworkInput input =
        to_network_input(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                         batch.song_vector, torch::Device(torch::kCPU));
    for (std::int64_t row = 0; row < input.spectrogram.size(0); ++row) {
      input.keys.push_back(static_cast<std::uint64_t>(row));
    }
    torch::log_softmax(network->forward(input).logits, 1).select(1, 0).sum().backward();
    network->zero_grad();
  };
}

int run(const Job& job) {
  const TensorFile file = TensorFile::open(job.model);
  const ModelCard card = ModelCard::read(file);
  if (!card.is_network()) {
    std::cerr << job.model << " is not a network\n";
    return EXIT_FAILURE;
  }
  const NetworkRunner runner(card.model, card.shape, file, kNetworkPrefix, "cpu");
  const std::int64_t rows = job.trains ? job.batch_size / job.num_threads : job.batch_size;
  const Batch batch = random_batch(card.shape, rows, job.padded);
  const auto make_step = [&]() -> std::function<void()> {
    if (job.trains) return training_step(card, file, batch);
    return [&] {
      runner.probabilities(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                           batch.song_vector);
    };
  };
  constexpr double kWarmSeconds = 0.3;
  segments_per_second(job, kWarmSeconds, rows, make_step);
  std::cout << segments_per_second(job, job.seconds, rows, make_step) << '\n';
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace mer

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: mer_network_benchmark MODEL BATCH THREADS SECONDS [WORD …]\n";
    return EXIT_FAILURE;
  }
  try {
    mer::Job job{argv[1], std::atoll(argv[2]), std::atoi(argv[3]), std::atof(argv[4])};
    for (int i = 5; i < argc; ++i) job.read(argv[i]);
    return mer::run(job);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
