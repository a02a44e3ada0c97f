// TensorFile and SongFeatures on any bytes: every tensor lies within the file, or a UsageError.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "memory_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/store/song_features.hpp"

namespace {

/// Touches every byte, for the sanitizer to object.
std::uint64_t sum_of(const mer::TensorView& tensor) {
  std::uint64_t sum = 0;
  for (const std::byte byte : tensor.bytes) sum += std::to_integer<std::uint64_t>(byte);
  return sum;
}

std::uint64_t read_features(const std::filesystem::path& path) {
  const mer::SongFeatures song = mer::SongFeatures::open(path);
  double sum = 0.0;
  for (std::int64_t frame = 0; frame < song.num_frames(); ++frame) {
    const auto i = static_cast<std::size_t>(frame);
    sum += song.time_s()[i] + static_cast<double>(song.energy_db()[i]);
    if (song.lld().cols() > 0) sum += static_cast<double>(song.lld()(frame, 0));
    if (song.spectrogram().cols() > 0) sum += static_cast<double>(song.spectrogram()(frame, 0));
  }
  static_cast<void>(song.recipe());
  return sum > 0.0 ? 1 : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mer::fuzz::MemoryFile file(data, size);
  std::uint64_t sum = 0;
  try {
    const mer::TensorFile tensors = mer::TensorFile::open(file.path());
    for (const std::string& name : tensors.names()) {
      const mer::TensorView& tensor = tensors.at(name);
      sum += sum_of(tensor);
      const auto elements = static_cast<std::size_t>(tensor.num_elements());
      if (elements * mer::size_of(tensor.dtype) != tensor.bytes.size()) std::abort();
    }
    sum += read_features(file.path());
  } catch (const mer::UsageError& error) {
    if (std::string(error.what()).empty()) std::abort();
  }
  volatile std::uint64_t read = sum;  // so that the reading is not optimized away
  static_cast<void>(read);
  return 0;
}
