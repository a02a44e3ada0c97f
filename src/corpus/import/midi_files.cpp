#include "import/midi_files.hpp"

#include <zip.h>

#include <utility>

#include "import/importing.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer::importing {
namespace {

namespace fs = std::filesystem;

class MidiFolder final : public MidiFiles {
 public:
  explicit MidiFolder(fs::path folder) : folder_(std::move(folder)) {}

  std::optional<std::string> read(const std::string& name) const override {
    std::error_code ignored;
    if (!fs::is_regular_file(folder_ / name, ignored)) return std::nullopt;
    return read_text_file(folder_ / name);
  }

 private:
  fs::path folder_;
};

class MidiArchive final : public MidiFiles {
 public:
  MidiArchive(fs::path file, const std::string& hint) : file_(std::move(file)) {
    int failure = 0;
    archive_.reset(zip_open(file_.c_str(), ZIP_RDONLY, &failure));
    if (!archive_) {
      zip_error_t error;
      zip_error_init_with_code(&error, failure);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw UsageError(file_.string() + ": not a zip archive that can be read: " + reason, hint);
    }
  }

  std::optional<std::string> read(const std::string& name) const override {
    const zip_int64_t index = zip_name_locate(archive_.get(), name.c_str(), ZIP_FL_NODIR);
    if (index < 0) return std::nullopt;
    zip_stat_t entry;
    if (zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &entry) != 0 ||
        (entry.valid & ZIP_STAT_SIZE) == 0 || entry.size > kMaxMidiBytes) {
      throw damaged(name);
    }
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen_index(archive_.get(), static_cast<zip_uint64_t>(index), 0), zip_fclose);
    std::string content(entry.size, '\0');
    if (!file || zip_fread(file.get(), content.data(), content.size()) !=
                     static_cast<zip_int64_t>(content.size())) {
      throw damaged(name);
    }
    return content;
  }

 private:
  static constexpr zip_uint64_t kMaxMidiBytes = 64 << 20;

  InputError damaged(const std::string& name) const {
    return InputError(name + ": its place in " + file_.string() + " is damaged",
                      "fetch the archive again");
  }

  fs::path file_;
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive_{nullptr, zip_discard};
};

}  // namespace

std::unique_ptr<MidiFiles> open_midi_files(const fs::path& folder, const std::string& hint) {
  const fs::path found =
      find_below(folder, {"midis", "midis.zip", "midi", "midi.zip", "labelled/midi"}, hint);
  std::error_code ignored;
  if (fs::is_directory(found, ignored)) return std::make_unique<MidiFolder>(found);
  return std::make_unique<MidiArchive>(found, hint);
}

}  // namespace mer::importing
