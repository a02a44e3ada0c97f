#include "file_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr std::size_t kWindowBytes = 1 << 16;
constexpr std::int64_t kId3v1Bytes = 128;
constexpr std::int64_t kId3v2HeaderBytes = 10;
constexpr std::int64_t kApeHeaderBytes = 32;

InputError cannot_open(const std::filesystem::path& path, int error) {
  const std::string what = error == ENOENT   ? "no such file"
                           : error == EACCES ? "permission denied"
                                             : std::strerror(error);
  return InputError(path.string() + ": " + what, error == ENOENT ? "check the path" : "");
}

std::int64_t little_endian(std::string_view bytes) {
  std::int64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::int64_t id3v2_bytes(std::string_view header) {
  if (header.size() < kId3v2HeaderBytes ||
      (!header.starts_with("ID3") && !header.starts_with("3DI")))
    return 0;
  std::int64_t size = 0;
  for (std::size_t i = 6; i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(header[i]);
    if (byte >= 0x80) return 0;
    size = size << 7 | byte;
  }
  const bool has_footer = (static_cast<unsigned char>(header[5]) & 0x10) != 0;
  return kId3v2HeaderBytes + size + (has_footer ? kId3v2HeaderBytes : 0);
}

/// The whole tag, told from its header or its footer.
std::int64_t ape_bytes(std::string_view words) {
  if (words.size() < kApeHeaderBytes || !words.starts_with("APETAGEX")) return 0;
  const bool has_header = (static_cast<unsigned char>(words[23]) & 0x80) != 0;
  return little_endian(words.substr(12, 4)) + (has_header ? kApeHeaderBytes : 0);
}

/// Length of the tag that ends at `end`, 0 when there is none.
std::int64_t tag_before(const FileBytes& file, std::int64_t end) {
  if (file.has(end - kId3v1Bytes, "TAG")) {
    return kId3v1Bytes + (file.has(end - kId3v1Bytes - 227, "TAG+") ? 227 : 0);
  }
  if (const auto ape = ape_bytes(file.text(end - kApeHeaderBytes, kApeHeaderBytes))) return ape;
  if (file.has(end - kId3v2HeaderBytes, "3DI")) {
    return id3v2_bytes(file.text(end - kId3v2HeaderBytes, kId3v2HeaderBytes));
  }
  constexpr std::int64_t kLyricsEndBytes = 9;
  if (file.has(end - kLyricsEndBytes, "LYRICS200")) {
    const std::string digits = file.text(end - kLyricsEndBytes - 6, 6);
    if (digits.find_first_not_of("0123456789") != std::string::npos) return 0;
    return std::stoll(digits) + 6 + kLyricsEndBytes;
  }
  if (file.has(end - kLyricsEndBytes, "LYRICSEND")) {
    constexpr std::int64_t kMaxLyricsBytes = 5120;
    const std::int64_t from = std::max<std::int64_t>(0, end - kMaxLyricsBytes);
    const std::string text = file.text(from, static_cast<std::size_t>(end - from));
    const std::size_t begin = text.find("LYRICSBEGIN");
    if (begin != std::string::npos) return end - from - static_cast<std::int64_t>(begin);
  }
  return 0;
}

}  // namespace

FileBytes::FileBytes(const std::filesystem::path& path)
    // Not inherited by children (ffmpeg, for another song). Not blocking: a named pipe must not
    // hang us.
    : fd_(std::make_shared<FileDescriptor>(
          ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))) {
  if (!fd_->is_open()) throw cannot_open(path, errno);
  struct stat status {};
  const bool known = fstat(fd_->get(), &status) == 0;
  if (known && S_ISDIR(status.st_mode)) {
    throw InputError(path.string() + ": is a folder, not an audio file");
  }
  if (!known || !S_ISREG(status.st_mode)) {
    throw InputError(path.string() + ": not a regular file", "write it to disk first");
  }
  if (status.st_size == 0) {
    throw InputError(path.string() + ": the file is empty (0 bytes)",
                     "get it again from its source");
  }
  file_bytes_ = size_ = status.st_size;
  parts_ = {{0, {0, size_}}};
}

std::size_t FileBytes::read(std::int64_t offset, std::span<unsigned char> bytes) const {
  if (offset < 0) return 0;
  std::size_t filled = 0;
  auto part = std::upper_bound(parts_.begin(), parts_.end(), offset,
                               [](std::int64_t place, const Part& p) { return place < p.place; });
  if (part != parts_.begin()) --part;
  for (; part != parts_.end() && filled < bytes.size(); ++part) {
    const std::int64_t from =
        part->range.begin + offset + static_cast<std::int64_t>(filled) - part->place;
    std::int64_t left =
        std::min(part->range.end - from, static_cast<std::int64_t>(bytes.size() - filled));
    for (std::int64_t at = from; left > 0;) {
      const ssize_t got =
          pread(fd_->get(), bytes.data() + filled, static_cast<std::size_t>(left), at);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
      at += got;
      left -= got;
    }
    if (left > 0) break;
  }
  for (const Patch& patch : patches_) {
    for (std::size_t i = 0; i < patch.bytes.size(); ++i) {
      const std::int64_t place = patch.offset + static_cast<std::int64_t>(i) - offset;
      if (place >= 0 && place < static_cast<std::int64_t>(filled)) {
        bytes[static_cast<std::size_t>(place)] = static_cast<unsigned char>(patch.bytes[i]);
      }
    }
  }
  return filled;
}

std::int64_t FileBytes::place_in_file(std::int64_t offset) const {
  for (const Part& part : parts_) {
    const std::int64_t place = part.range.begin + offset - part.place;
    if (place < part.range.end) return place;
  }
  return file_bytes_;
}

std::string FileBytes::text(std::int64_t offset, std::size_t count) const {
  std::string text(count, '\0');
  text.resize(read(offset, {reinterpret_cast<unsigned char*>(text.data()), count}));
  return text;
}

void FileBytes::keep(const std::vector<Range>& ranges) {
  std::vector<Part> kept;
  std::int64_t place = 0;
  for (const Range& range : ranges) {
    for (const Part& part : parts_) {
      const std::int64_t shift = part.range.begin - part.place;
      const Range both{std::max(range.begin + shift, part.range.begin),
                       std::min(range.end + shift, part.range.end)};
      if (both.begin >= both.end) continue;
      kept.push_back({place, both});
      place += both.end - both.begin;
    }
  }
  parts_ = std::move(kept);
  size_ = place;
}

std::int64_t FileCursor::read(void* target, std::int64_t count) {
  const std::size_t got =
      file->read(place, {static_cast<unsigned char*>(target),
                         static_cast<std::size_t>(std::max<std::int64_t>(count, 0))});
  place += static_cast<std::int64_t>(got);
  return static_cast<std::int64_t>(got);
}

std::int64_t FileCursor::seek(std::int64_t offset, int whence) {
  const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? place : file->size();
  if (base + offset < 0) return -1;
  return place = base + offset;
}

std::span<const unsigned char> ByteWindow::at(std::int64_t offset, std::size_t count) {
  const auto covers = [&] {
    return offset >= begin_ && offset + static_cast<std::int64_t>(count) <=
                                   begin_ + static_cast<std::int64_t>(bytes_.size());
  };
  if (!covers()) {
    begin_ = std::max<std::int64_t>(0, offset - static_cast<std::int64_t>(kWindowBytes));
    bytes_.resize(3 * kWindowBytes);
    bytes_.resize(file_.read(begin_, bytes_));
  }
  const auto from = static_cast<std::size_t>(offset - begin_);
  const std::size_t left = from < bytes_.size() ? bytes_.size() - from : 0;
  return std::span<const unsigned char>(bytes_).subspan(std::min(from, bytes_.size()),
                                                        std::min(count, left));
}

std::int64_t tag_at(const FileBytes& file, std::int64_t offset) {
  const std::string head = file.text(offset, kApeHeaderBytes);
  if (const auto size = id3v2_bytes(head)) return size;
  if (const auto size = ape_bytes(head)) return size;
  if (head.starts_with("TAG+")) return 227;
  if (head.starts_with("TAG")) return kId3v1Bytes;
  if (head.starts_with("LYRICSBEGIN")) {
    const std::string text = file.text(offset, 1 << 16);
    for (const char* end : {"LYRICS200", "LYRICSEND"}) {
      const std::size_t at = text.find(end);
      if (at != std::string::npos) return static_cast<std::int64_t>(at) + 9;
    }
  }
  return 0;
}

void leave_out_tags(FileBytes& file) {
  FileBytes::Range music{0, file.size()};
  while (file.has(music.begin, "ID3")) {
    const std::int64_t size = tag_at(file, music.begin);
    if (size == 0 || music.begin + size >= music.end)
      break;  // a tag that claims the whole file lies
    music.begin += size;
  }
  while (const std::int64_t size = tag_before(file, music.end)) {
    if (music.end - size <= music.begin) break;
    music.end -= size;
  }
  file.keep({music});
}

}  // namespace mer
