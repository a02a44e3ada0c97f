#include "mer/tagging/mood_tag.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/file_descriptor.hpp"
#include "mer/core/files.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "song_tags.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

std::string reason() { return reason_of(errno); }

/// As root, who may write everything, somebody's "read-only" still counts.
void require_writable(const fs::path& file, const struct stat& status) {
  constexpr mode_t kAnyWrite = S_IWUSR | S_IWGRP | S_IWOTH;
  if ((status.st_mode & kAnyWrite) == 0 || ::access(file.c_str(), W_OK) != 0) {
    throw InputError(file.string() + ": is read-only",
                     "chmod u+w, or tag a copy; the file is as it was");
  }
}

void copy_content(const fs::path& file, int from, AtomicFile& copy) {
  std::vector<std::byte> block(std::size_t{1} << 20);
  for (;;) {
    const ssize_t count = ::read(from, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw InputError(file.string() + ": cannot be read: " + reason());
    if (count == 0) return;
    copy.write(std::span(block).first(static_cast<std::size_t>(count)));
  }
}

/// Ratings and the like of desktops; those that the file system or our rights don't allow stay out.
void copy_extended_attributes(int from, int to) {
  const ssize_t length = ::flistxattr(from, nullptr, 0);
  if (length <= 0) return;
  std::string names(static_cast<std::size_t>(length), '\0');
  const ssize_t filled = ::flistxattr(from, names.data(), names.size());
  for (std::size_t at = 0; filled > 0 && at < static_cast<std::size_t>(filled);) {
    const char* name = names.c_str() + at;
    at += std::string_view(name).size() + 1;
    const ssize_t size = ::fgetxattr(from, name, nullptr, 0);
    if (size < 0) continue;
    std::string value(static_cast<std::size_t>(size), '\0');
    if (::fgetxattr(from, name, value.data(), value.size()) != size) continue;
    ::fsetxattr(to, name, value.data(), value.size(), 0);
  }
}

void copy_owner_and_permissions(const fs::path& file, int from, const struct stat& status, int to) {
  struct stat made {};
  ::fstat(to, &made);
  const bool is_owned = made.st_uid == status.st_uid && made.st_gid == status.st_gid;
  if ((!is_owned && ::fchown(to, status.st_uid, status.st_gid) != 0) ||
      ::fchmod(to, status.st_mode & 07777U) != 0) {
    throw InputError(file.string() + ": belongs to somebody else, who must stay its owner",
                     "run mer tag as that user");
  }
  copy_extended_attributes(from, to);
}

MoodTag mood_in(const SongTags& tags) { return {tags.get(kMoodField), tags.get(kRecordField)}; }

/// Libraries that write tags don't tell why they could not.
void require_space(const fs::path& file) {
  constexpr std::uintmax_t kTagBytes = 1 << 20;
  std::error_code error;
  const fs::space_info space = fs::space(file, error);
  if (!error && space.available < kTagBytes) {
    throw OutOfSpace(file.string() + ": cannot be written: " + reason_of(ENOSPC));
  }
}

/// Changes a copy and makes sure that nothing else has changed in it.
/// @return false when something has
bool write_copy(const fs::path& file, const MoodTag& wanted, bool keep_old_id3) {
  const FileDescriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!from.is_open() || ::fstat(from.get(), &status) != 0) {
    throw InputError(file.string() + ": cannot be read: " + reason());
  }
  AtomicFile copy(file);
  copy_content(file, from.get(), copy);
  std::string others;
  {
    SongTags tags(copy.temporary(), file);
    others = tags.others();
    tags.set(kMoodField, wanted.mood);
    tags.set(kRecordField, wanted.record);
    if (!tags.save(keep_old_id3)) {
      require_space(file);
      throw InputError(file.string() + ": its tags cannot be written", "the file is as it was");
    }
  }
  const SongTags written(copy.temporary(), file);
  if (mood_in(written) != wanted || written.others() != others) {
    require_space(file);
    return false;
  }
  copy_owner_and_permissions(file, from.get(), status, copy.descriptor());
  copy.commit();
  return true;
}

void write_mood(const fs::path& file, const MoodTag& wanted, bool has_old_id3) {
  if (has_old_id3 && write_copy(file, wanted, true)) return;
  if (write_copy(file, wanted, false)) return;
  throw InputError(file.string() + ": a mood cannot be stored without changing its other tags",
                   "the file is as it was");
}

}  // namespace

bool MoodTag::is_ours() const {
  return !record.empty() && mood.size() == 1 && mood.front() == record.front();
}

MoodTag with_emotion(const MoodTag& now, const std::optional<std::string>& emotion) {
  std::vector<std::string> before = now.mood;
  if (now.is_ours()) before.assign(now.record.begin() + 1, now.record.end());
  if (!emotion || before == std::vector{*emotion}) return {before, {}};
  MoodTag tag{{*emotion}, {*emotion}};
  tag.record.insert(tag.record.end(), before.begin(), before.end());
  return tag;
}

MoodTag read_mood(const fs::path& file) {
  require_file(file);
  return mood_in(SongTags(file, file));
}

MoodChange change_mood(const fs::path& file, const std::optional<std::string>& emotion,
                       bool write) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw InputError(file.string() + (errno == ENOENT ? ": no such file" : ": " + reason()),
                     "has it been moved? mer predict --resume brings a list up to date; is it "
                     "mounted elsewhere? --map-path FROM=TO");
  }
  require_file(file);
  MoodChange change;
  bool has_old_id3 = false;
  {
    const SongTags tags(file, file);
    change.before = mood_in(tags);
    has_old_id3 = tags.has_old_id3();
  }
  change.after = with_emotion(change.before, emotion);
  if (change.after == change.before) return change;
  require_writable(file, status);
  if (write) write_mood(fs::canonical(file), change.after, has_old_id3);
  return change;
}

std::string display_title(const fs::path& file) {
  try {
    require_file(file);
    const SongTags tags(file, file);
    const std::string artist = trimmed(tags.artist());
    const std::string title = trimmed(tags.title());
    if (!title.empty()) return artist.empty() ? title : artist + " – " + title;
  } catch (const InputError&) {
    // A file that we can't read the tags of still has a name.
  }
  return file.stem().string();
}

}  // namespace mer
