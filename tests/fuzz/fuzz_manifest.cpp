// Manifest::load and parse_csv on any bytes: a checked list of songs, or a UsageError. Songs must
// exist as files: the seeds name /dev/null and other paths to it.
#include <cstdlib>
#include <set>
#include <string>

#include "memory_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    std::string again;
    const auto rows = mer::parse_csv(text, "fuzz");
    for (const mer::CsvRow& row : rows) again += mer::csv_line(row.cells);
    const auto reread = mer::parse_csv(again, "again");
    if (reread.size() != rows.size()) std::abort();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (reread[i].cells != rows[i].cells) std::abort();
    }
  } catch (const mer::UsageError&) {
  }
  const mer::fuzz::MemoryFile file(data, size);
  try {
    const mer::Manifest manifest = mer::Manifest::load(file.path());
    std::set<std::string> ids;
    for (const mer::Song& song : manifest.songs) {
      ids.insert(song.id);
      if (!song.label.empty() && manifest.class_index(song.label) < 0) std::abort();
      if (song.has_labels != !song.labels.empty()) std::abort();
      if (!song.shares.empty() && song.shares.size() != manifest.classes.size()) std::abort();
    }
    if (ids.size() != manifest.songs.size() || manifest.classes.size() == 1) std::abort();
  } catch (const mer::UsageError& error) {
    if (std::string(error.what()).empty()) std::abort();
  }
  return 0;
}
