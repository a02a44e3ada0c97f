#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mer/core/file_descriptor.hpp"

namespace mer {

/// A song's file as decoders are to see it: parts of it can be left out (tags, junk) and bytes put
/// in the place of others (counts in headers that the data contradict). Copies share the open file.
class FileBytes {
 public:
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  /// @throws InputError when it can't be opened, is no regular file, or is empty
  explicit FileBytes(const std::filesystem::path& path);

  std::int64_t size() const { return size_; }
  std::int64_t file_bytes() const { return file_bytes_; }
  /// Fills `bytes` from `offset` on as far as there are bytes; returns how many.
  std::size_t read(std::int64_t offset, std::span<unsigned char> bytes) const;
  /// Where in the file the byte at `offset` is.
  std::int64_t place_in_file(std::int64_t offset) const;
  /// `count` bytes from `offset`, fewer at the end.
  std::string text(std::int64_t offset, std::size_t count) const;
  bool has(std::int64_t offset, std::string_view bytes) const {
    return text(offset, bytes.size()) == bytes;
  }

  /// Leaves out all but these ranges of what is left now; in their order.
  void keep(const std::vector<Range>& ranges);
  /// Puts `bytes` at `offset`; keep() does not move them, so they come last.
  void patch(std::int64_t offset, std::string bytes) {
    patches_.push_back({offset, std::move(bytes)});
  }

 private:
  struct Patch {
    std::int64_t offset;
    std::string bytes;
  };
  struct Part {
    std::int64_t place;  ///< of its first byte in what decoders see
    Range range;         ///< in the file
  };

  std::shared_ptr<const FileDescriptor> fd_;  // of all copies
  std::int64_t file_bytes_ = 0;
  std::int64_t size_ = 0;
  std::vector<Part> parts_;
  std::vector<Patch> patches_;
};

/// Place in a FileBytes of libraries that read and seek by themselves.
struct FileCursor {
  const FileBytes* file = nullptr;
  std::int64_t place = 0;

  std::int64_t read(void* target, std::int64_t count);
  std::int64_t seek(std::int64_t offset, int whence);
};

/// Reads single bytes near each other without a system call for each.
class ByteWindow {
 public:
  explicit ByteWindow(const FileBytes& file) : file_(file) {}
  /// Where in the file the byte at `offset` is.
  std::int64_t place_in_file(std::int64_t offset) const;
  /// `count` bytes from `offset`, at most 64 KiB; fewer at the end. Valid until the next call.
  std::span<const unsigned char> at(std::int64_t offset, std::size_t count);

 private:
  const FileBytes& file_;
  std::int64_t begin_ = 0;
  std::vector<unsigned char> bytes_;
};

/// Length of the tag that begins at `offset` (ID3v2, ID3v1, APE, Lyrics3), 0 when there is none.
std::int64_t tag_at(const FileBytes& file, std::int64_t offset);

/// Leaves out the tags before and behind the music.
void leave_out_tags(FileBytes& file);

}  // namespace mer
