// AudioReader on any bytes: finite samples, or an InputError; never more memory than a block's.
#include <cmath>
#include <cstdlib>
#include <vector>

#include "memory_file.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"

// Without ffmpeg, which is another program and would be started for each input.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  return ::setenv("PATH", "/nonexistent", 1);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mer::fuzz::MemoryFile file(data, size);
  mer::AudioOptions options;
  options.sample_rate_hz = 22050;
  options.duration_s = 5.0;
  // The last byte, which decoders hardly look at, says whether something is skipped first.
  options.start_s = size > 0 && data[size - 1] % 2 != 0 ? 0.01 : 0.0;
  try {
    mer::AudioReader reader(file.path(), options);
    std::vector<float> block(1024);
    while (const std::size_t count = reader.read(block)) {
      if (count > block.size()) std::abort();
      for (std::size_t i = 0; i < count; ++i) {
        if (!std::isfinite(block[i])) std::abort();
      }
    }
    if (reader.info().sample_rate_hz <= 0 || reader.info().num_channels <= 0) std::abort();
  } catch (const mer::InputError& error) {
    if (std::string(error.what()).empty()) std::abort();
  }
  return 0;
}
