#include <algorithm>
#include <utility>

#include "sample_source.hpp"

namespace mer {
namespace {

class ChainSource final : public SampleSource {
 public:
  ChainSource(std::filesystem::path path, FileBytes file, const KnownOfFile& known)
      : path_(std::move(path)), file_(std::move(file)), songs_(known.songs) {
    damage_s_ = known.damage_s;
    warnings_ = known.warnings;
    open_next();
    if (song_ != nullptr) info_ = song_->info();
    info_.duration_s = 0.0;  // of all that is not known yet
  }

  bool is_open() const { return song_ != nullptr; }

  std::size_t read(std::span<float> interleaved) override {
    const auto channels = static_cast<std::size_t>(info_.num_channels);
    while (song_ != nullptr) {
      const auto its_channels = static_cast<std::size_t>(song_->info().num_channels);
      if (its_channels == channels) {
        if (const std::size_t got = song_->read(interleaved)) return got;
      } else {
        buffer_.resize(interleaved.size() / channels * its_channels);
        if (const std::size_t got = song_->read(buffer_)) {
          spread(got, its_channels, interleaved, channels);
          return got;
        }
      }
      for (const std::string& warning : song_->warnings()) {
        if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end()) {
          warnings_.push_back(warning);
        }
      }
      open_next();
    }
    return 0;
  }

 private:
  /// Their mean, in every channel.
  void spread(std::size_t frames, std::size_t from, std::span<float> interleaved, std::size_t to) {
    for (std::size_t i = 0; i < frames; ++i) {
      float sum = 0.0F;
      for (std::size_t c = 0; c < from; ++c) sum += buffer_[i * from + c];
      std::fill_n(interleaved.begin() + static_cast<std::ptrdiff_t>(i * to), to,
                  sum / static_cast<float>(from));
    }
  }

  void open_next() {
    song_.reset();
    if (next_ == songs_.size()) return;
    const FileBytes::Range range = songs_[next_];
    FileBytes part = file_;
    part.keep({range});
    std::string refusal;
    const KnownOfFile known = correct_counts(part);
    song_ = open_by_sndfile(part, known, path_.string(), refusal);
    const int rate_hz = info_.sample_rate_hz;
    if (song_ == nullptr || (rate_hz > 0 && song_->info().sample_rate_hz != rate_hz)) {
      const std::int64_t begin = file_.place_in_file(range.begin);
      song_ = open_by_ffmpeg(path_, {{begin, begin + range.end - range.begin}, rate_hz});
    }
    if (song_ == nullptr && next_ > 0) {
      warnings_.push_back("holds " + std::to_string(songs_.size()) +
                          " streams one behind the other, of which " + std::to_string(next_) +
                          " could be decoded: the next needs ffmpeg");
    }
    ++next_;
  }

  std::filesystem::path path_;
  FileBytes file_;
  std::vector<FileBytes::Range> songs_;
  std::size_t next_ = 0;
  std::unique_ptr<SampleSource> song_;
  std::vector<float> buffer_;
};

}  // namespace

std::unique_ptr<SampleSource> open_chain(const std::filesystem::path& path, const FileBytes& file,
                                         const KnownOfFile& known) {
  auto source = std::make_unique<ChainSource>(path, file, known);
  if (!source->is_open()) return nullptr;
  return source;
}

}  // namespace mer
