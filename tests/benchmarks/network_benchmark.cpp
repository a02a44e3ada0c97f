// Segments a second that a trained network answers, from inputs that lie ready in memory: what
// train_speed.py compares with the same network in PyTorch.
//
//   mer_network_benchmark MODEL BATCH THREADS SECONDS
//
// Every thread has batches and LibTorch's single-threaded operations of its own. Prints one number.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/nn/classifier.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {
namespace {

using Clock = std::chrono::steady_clock;

struct Batch {
  FloatTensor spectrogram, spectrogram_valid;
  std::vector<FloatTensor> lld;
  FloatTensor lld_valid, summary;
};

FloatTensor filled(std::vector<std::int64_t> shape, const std::function<float()>& value) {
  std::size_t size = 1;
  for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
  FloatTensor tensor{std::move(shape), std::vector<float>(size)};
  for (float& x : tensor.values) x = value();
  return tensor;
}

Batch random_batch(const NetworkShape& shape, std::int64_t size) {
  std::mt19937_64 rng(1);
  std::normal_distribution<float> normal;
  const auto draw = [&] { return normal(rng); };
  const auto one = [] { return 1.0F; };
  Batch batch;
  batch.spectrogram = filled({size, shape.spectrogram_bands, shape.spectrogram_steps}, draw);
  batch.spectrogram_valid = filled({size, shape.spectrogram_steps}, one);
  for (int branch = 0; branch < shape.lld_branches; ++branch) {
    batch.lld.push_back(filled({size, shape.lld_steps, shape.lld_columns}, draw));
  }
  batch.lld_valid = filled({size, shape.lld_steps}, one);
  batch.summary = filled({size, shape.summary_columns}, draw);
  return batch;
}

double segments_per_second(const Classifier& classifier, const Batch& batch, int num_threads,
                           double seconds) {
  const auto answer = [&] {
    classifier.probabilities(batch.spectrogram, batch.spectrogram_valid, batch.lld, batch.lld_valid,
                             batch.summary);
  };
  std::atomic<std::int64_t> segments{0};
  const Clock::time_point begin = Clock::now();
  const auto seconds_gone = [&] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < num_threads; ++i) {
    threads.emplace_back([&] {
      set_torch_threads(1);
      while (seconds_gone() < seconds) {
        answer();
        segments += batch.spectrogram.shape.front();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(segments) / seconds_gone();
}

int run(const char* model, std::int64_t batch_size, int num_threads, double seconds) {
  const TensorFile file = TensorFile::open(model);
  const ModelCard card = ModelCard::read(file);
  if (!card.is_network()) {
    std::cerr << model << " is not a network\n";
    return EXIT_FAILURE;
  }
  const Classifier classifier(card.model, card.shape, file, kNetworkPrefix, "cpu");
  const Batch batch = random_batch(card.shape, batch_size);
  constexpr double kWarmSeconds = 0.2;
  segments_per_second(classifier, batch, num_threads, kWarmSeconds);
  std::cout << segments_per_second(classifier, batch, num_threads, seconds) << '\n';
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace mer

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: mer_network_benchmark MODEL BATCH THREADS SECONDS\n";
    return EXIT_FAILURE;
  }
  try {
    return mer::run(argv[1], std::atoll(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
  } catch (const mer::Error& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
