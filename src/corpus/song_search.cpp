#include "mer/corpus/song_search.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// Of Synology, QNAP, Windows, macOS, ext4; those that begin with a point are hidden anyway.
constexpr std::array kSetAside = {"@eaDir",
                                  "@tmp",
                                  "@Recycle",
                                  "@Recently-Snapshot",
                                  "#recycle",
                                  "#snapshot",
                                  "$RECYCLE.BIN",
                                  "RECYCLER",
                                  "System Volume Information",
                                  "Network Trash Folder",
                                  "Temporary Items",
                                  "__MACOSX",
                                  "lost+found"};

using FilePlace = std::pair<dev_t, ino_t>;

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

/// Real folders and files first, so that a link to one of them is known as such.
class Search {
 public:
  explicit Search(const fs::path& folder) {
    go_into(folder);
    while (!links_.empty()) follow(std::exchange(links_, {}));
    std::sort(found_.files.begin(), found_.files.end());
  }
  FoundSongs found() && { return std::move(found_); }

 private:
  bool is_new(const struct stat& status) {
    return seen_.insert({status.st_dev, status.st_ino}).second;
  }

  void go_into(const fs::path& folder) {
    const auto status = status_of(folder);
    if (status && !is_new(*status)) return;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
    if (!entries) {
      found_.failures.push_back(folder.string() + ": " + reason_of(errno));
      return;
    }
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name != "." && name != "..") look_at(folder / name, name);
    }
    if (errno != 0) found_.failures.push_back(folder.string() + ": " + reason_of(errno));
  }

  void look_at(const fs::path& path, const std::string& name) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      found_.failures.push_back(path.string() + ": " + reason_of(errno));
    } else if (name.front() == '.' || is_set_aside(name)) {
      found_.hidden.push_back(path);
    } else if (S_ISLNK(status.st_mode)) {
      links_.push_back(path);
    } else if (S_ISDIR(status.st_mode)) {
      go_into(path);
    } else {
      take(path, status, false);
    }
  }

  void take(const fs::path& path, const struct stat& status, bool is_link) {
    if (!has_audio_extension(path)) {
      ++found_.num_others;
    } else if (!S_ISREG(status.st_mode)) {
      found_.no_files.push_back(path);
    } else if (!is_new(status) && is_link) {  // hard links are names of their own
      found_.again.push_back(path);
    } else {
      found_.files.push_back(path);
    }
  }

  void follow(std::vector<fs::path> links) {
    std::sort(links.begin(), links.end());
    for (const fs::path& link : links) {
      const auto status = status_of(link);
      if (!status && (errno == EACCES || errno == EIO)) {
        found_.failures.push_back(link.string() + ": " + reason_of(errno));
      } else if (!status) {
        found_.no_files.push_back(link);
      } else if (!S_ISDIR(status->st_mode)) {
        take(link, *status, true);
      } else if (seen_.contains({status->st_dev, status->st_ino})) {
        found_.again.push_back(link);
      } else {
        go_into(link);
      }
    }
  }

  FoundSongs found_;
  std::vector<fs::path> links_;
  std::set<FilePlace> seen_;
};

}  // namespace

bool is_set_aside(const std::string& folder_name) {
  return std::find(kSetAside.begin(), kSetAside.end(), folder_name) != kSetAside.end();
}

std::string FoundSongs::passed_over() const {
  std::vector<std::string> parts;
  const auto add = [&](const std::vector<fs::path>& paths, const std::string& what) {
    constexpr std::size_t kShown = 3;
    if (paths.empty()) return;
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < std::min(kShown, paths.size()); ++i) {
      shown.push_back(paths[i].string());
    }
    if (paths.size() > kShown) shown.push_back("…");
    parts.push_back(std::to_string(paths.size()) + " " + what + " (" + join(shown, ", ") + ")");
  };
  add(hidden, "hidden or set aside");
  add(again, "links to what is found anyway");
  add(no_files, "that are no files");
  if (num_others > 0)
    parts.push_back(std::to_string(num_others) + (num_others == 1 ? " file" : " files") +
                    " of another kind");
  return parts.empty() ? "" : "passed over: " + join(parts, ", ");
}

FoundSongs find_songs(const fs::path& folder) {
  const auto status = status_of(folder);
  if (!status || !S_ISDIR(status->st_mode)) {
    throw UsageError(folder.string() + ": no such folder", "check the path");
  }
  return Search(folder).found();
}

}  // namespace mer
