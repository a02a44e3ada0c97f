#include <algorithm>

#include "sample_source.hpp"

namespace mer {
namespace {

class ArraySource : public SampleSource {
 public:
  explicit ArraySource(const SampleArray& samples) : samples_(samples) {
    info_.format = "array";
    info_.sample_rate_hz = samples.sample_rate_hz;
    info_.num_channels = samples.num_channels;
    info_.duration_s =
        static_cast<double>(num_frames()) / static_cast<double>(samples.sample_rate_hz);
  }

  std::size_t read(std::span<float> interleaved) override {
    const std::size_t count = std::min(interleaved.size(), samples_.interleaved.size() - taken_);
    std::copy_n(samples_.interleaved.data() + taken_, count, interleaved.data());
    taken_ += count;
    return count / channels();
  }

  bool seek_exactly(std::int64_t frame) override {
    if (static_cast<std::size_t>(frame) > num_frames()) return false;
    taken_ = static_cast<std::size_t>(frame) * channels();
    return true;
  }

 private:
  std::size_t channels() const { return static_cast<std::size_t>(samples_.num_channels); }
  std::size_t num_frames() const { return samples_.interleaved.size() / channels(); }

  SampleArray samples_;
  std::size_t taken_ = 0;
};

}  // namespace

std::unique_ptr<SampleSource> source_of_array(const SampleArray& samples) {
  return std::make_unique<ArraySource>(samples);
}

}  // namespace mer
