#include "mer/store/fingerprint_store.hpp"

#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {
namespace {

constexpr const char* kChromaprint = "chromaprint";

Fingerprint read_fingerprint(const std::filesystem::path& file) {
  const TensorFile tensors = TensorFile::open(file);
  const auto values = tensors.at(kChromaprint, {-1}).as<std::int64_t>();
  Fingerprint fingerprint;
  for (const std::int64_t value : values) {
    fingerprint.push_back(static_cast<std::uint32_t>(value));
  }
  return fingerprint;
}

void make_fingerprint(const std::filesystem::path& audio_file, const std::filesystem::path& file) {
  const Fingerprint fingerprint = fingerprint_of(audio_file);
  const std::vector<std::int64_t> values(fingerprint.begin(), fingerprint.end());
  write_tensor_file(
      file, {{kChromaprint, view_of(std::span<const std::int64_t>(values), {std::ssize(values)})}},
      {});
}

}  // namespace

SongStore fingerprint_store(const std::filesystem::path& root) {
  return {root / kChromaprint,
          {"{\"fingerprint\": \"Chromaprint, algorithm 1, of the first 120 s\"}\n",
           make_fingerprint, [](const std::filesystem::path& file) { read_fingerprint(file); }}};
}

namespace {

/// What the store holds of songs, once it has told how many can't be read.
std::vector<Fingerprint> read_fingerprints(const SongStore::Report& report, JobListener& listener) {
  if (!report.failures.empty()) {  // what makes features tells each
    listener.info(std::to_string(report.failures.size()) +
                  " songs can't be read and are not compared with the others");
  }
  std::vector<Fingerprint> songs;
  for (const std::string& file : report.files) {
    songs.push_back(file.empty() ? Fingerprint{} : read_fingerprint(file));
  }
  return songs;
}

}  // namespace

std::vector<Fingerprint> fingerprints_of(const std::filesystem::path& root,
                                         const Manifest& manifest,
                                         const std::vector<std::size_t>& songs,
                                         JobListener& listener) {
  if (songs.empty()) return {};  // fill() would take all
  const auto display = listener.progress("fingerprints");
  const SongStore::Report report = fingerprint_store(root).fill(
      manifest, songs, 0, {}, display->callback(), [&] { return listener.stopped(); });
  if (listener.stopped()) throw Interrupted("interrupted; finished fingerprints stay");
  return read_fingerprints(report, listener);
}

void mark_near_duplicates(const std::filesystem::path& root, Manifest& manifest,
                          JobListener& listener, const Shard& shard,
                          const std::function<bool()>& give_up) {
  const SongStore store = fingerprint_store(root);
  const auto stop = [&] { return listener.stopped() || (give_up && give_up()); };
  SongStore::Report report;
  {
    const auto display = listener.progress("near-duplicates");
    if (shard.count > 1) store.fill(manifest, {}, 0, shard, display->callback(), stop);
    report = store.fill(manifest, {}, 0, {}, display->callback(), stop);
  }
  if (listener.stopped()) throw Interrupted("interrupted; finished fingerprints stay");
  if (stop()) return;
  manifest.near_duplicates = find_near_duplicates(read_fingerprints(report, listener));
}

}  // namespace mer
