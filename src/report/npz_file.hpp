#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mer {

/// Writes NumPy's .npz: a zip archive (stored, not compressed) with one .npy file an array.
///
/// Arrays of numbers are read from where they lie when finish() writes them. Times in the archive
/// are fixed, so that the same arrays give the same bytes.
class NpzFile {
 public:
  /// @param release  called after every few megabytes written, see FeatureView::release
  NpzFile(std::filesystem::path path, std::function<void()> release);
  ~NpzFile();
  NpzFile(const NpzFile&) = delete;
  NpzFile& operator=(const NpzFile&) = delete;

  /// @param type   NumPy's name of the little-endian element type: "<f4", "<f8", "|b1"
  /// @param bytes  must live until finish()
  void add(const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
           std::span<const std::byte> bytes);
  /// An array of Unicode texts, [texts.size()].
  void add_texts(const std::string& name, std::span<const std::string> texts);
  /// One Unicode text, an array without dimensions.
  void add_text(const std::string& name, const std::string& text);

  /// Writes the file atomically. @throws Error when it can't be written
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mer
