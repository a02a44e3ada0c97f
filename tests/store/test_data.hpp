#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/store/song_features.hpp"

namespace mer {

using test::message_of;
using test::TemporaryFolder;

/// Every file below a folder, relative to it, sorted.
inline std::vector<std::string> files_below(const std::filesystem::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) {
      found.push_back(entry.path().lexically_relative(folder).generic_string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// A sine as a WAV file.
inline void write_sine(const std::filesystem::path& file, double seconds, double frequency_hz,
                       double amplitude = 0.3, int rate_hz = 44100) {
  std::filesystem::create_directories(file.parent_path());
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate_hz));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(amplitude * std::sin(2.0 * std::numbers::pi * frequency_hz *
                                                         static_cast<double>(i) / rate_hz));
  }
  write_audio(file, samples, rate_hz);
}

/// A feature file of given matrices, without any audio behind it. Frame t's center is at t seconds.
inline SongFeatures make_song(const std::filesystem::path& file, const RowMatrixXf& spectrogram,
                              const RowMatrixXf& lld, const std::vector<std::uint8_t>& kept) {
  const std::vector<float> energy_db(kept.size(), -20.0F);
  std::vector<double> time_s;
  for (std::size_t t = 0; t < kept.size(); ++t) time_s.push_back(static_cast<double>(t));
  const auto num_frames = static_cast<std::int64_t>(kept.size());
  const auto flat = [](const RowMatrixXf& matrix) {
    return std::span<const float>(matrix.data(), static_cast<std::size_t>(matrix.size()));
  };
  write_tensor_file(file,
                    {{"spectrogram", view_of(flat(spectrogram), {num_frames, spectrogram.cols()})},
                     {"lld", view_of(flat(lld), {num_frames, lld.cols()})},
                     {"energy_db", view_of(std::span<const float>(energy_db), {num_frames})},
                     {"time_s", view_of(std::span<const double>(time_s), {num_frames})},
                     {"kept", view_of(std::span<const std::uint8_t>(kept), {num_frames})}},
                    {{"fingerprint", "test"},
                     {"shared_recipe", "{}"},
                     {"duration_s", "1.5"},
                     {"warnings", "[\"odd\"]"}});
  return SongFeatures::open(file);
}

/// A manifest in memory, of (label, group) pairs; ids are numbers.
inline Manifest make_manifest(const std::vector<std::pair<std::string, std::string>>& songs) {
  Manifest manifest;
  manifest.file = "m.csv";
  manifest.has_groups = true;
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    Song song;
    song.id = std::to_string(i);
    song.listed_path = song.id + ".wav";
    song.path = song.listed_path;
    song.label = songs[i].first;
    song.group = songs[i].second;
    song.line = static_cast<int>(i) + 2;
    manifest.songs.push_back(song);
    labels.push_back(song.label);
  }
  manifest.classes = in_canonical_order(labels);
  return manifest;
}

}  // namespace mer
