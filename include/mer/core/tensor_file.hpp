#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mer {

/// Element types of a safetensors file that this project writes (names on disk: F32, F64, I64, U8).
enum class DType { kFloat32, kFloat64, kInt64, kUint8 };

std::size_t size_of(DType dtype);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kFloat64;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::kUint8;
}

/// A row-major tensor somewhere in memory that somebody else owns.
struct TensorView {
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  std::int64_t num_elements() const;

  /// @throws Error when T is not the tensor's element type
  template <class T>
  std::span<const T> as() const {
    check_type(dtype_of<T>());
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

 private:
  void check_type(DType wanted) const;
};

template <class T>
TensorView view_of(std::span<const T> values, std::vector<std::int64_t> shape) {
  return {dtype_of<T>(), std::move(shape), std::as_bytes(values)};
}

/// A float tensor that owns its values; row-major.
struct FloatTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;

  TensorView view() const { return view_of(std::span<const float>(values), shape); }
};

using TensorMetadata = std::map<std::string, std::string>;
using NamedTensors = std::vector<std::pair<std::string, TensorView>>;

/// A safetensors file opened by mmap: nothing is read until it is touched.
///
/// Layout: 8-byte little-endian header length, JSON header, raw data, readable from Python with the
/// public `safetensors` package. Views stay valid as long as a copy of this object lives.
class TensorFile {
 public:
  /// @throws UsageError when the file can't be opened or is not a whole, valid safetensors file
  static TensorFile open(const std::filesystem::path& path);

  bool contains(const std::string& name) const;
  /// @throws UsageError naming the file and the tensor when there is none of that name
  const TensorView& at(const std::string& name) const;
  /// Like at(), and checks the shape; -1 in `shape` matches any size.
  const TensorView& at(const std::string& name, const std::vector<std::int64_t>& shape) const;
  std::vector<std::string> names() const;  ///< sorted
  /// The tensors `prefix.…` under what follows the point, as a file of its own that has this one's
  /// path and other metadata; nothing is copied.
  TensorFile part(const std::string& prefix, TensorMetadata metadata) const;
  /// What was touched so far no longer counts as this process's memory; it stays readable. For
  /// going through a large file in constant memory.
  void release_pages() const;
  /// Asks the system to have some of a tensor's rows in memory soon, and does not wait for them.
  /// @param last  beyond the last row
  void read_ahead(const TensorView& tensor, std::int64_t first, std::int64_t last) const;
  const TensorMetadata& metadata() const;
  const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// Writes a safetensors file atomically (temporary name in the same folder, fsync, rename).
/// @throws Error when the disk is full or the folder isn't writable
void write_tensor_file(const std::filesystem::path& path, const NamedTensors& tensors,
                       const TensorMetadata& metadata);

/// Writes a safetensors file whose tensors grow by rows, in constant memory.
///
/// Each growing tensor is spooled to an unnamed temporary file beside the target and put in its
/// place by finish(). Without finish() nothing remains on disk.
class TensorFileStream {
 public:
  explicit TensorFileStream(std::filesystem::path path);
  ~TensorFileStream();
  TensorFileStream(TensorFileStream&&) noexcept;
  TensorFileStream& operator=(TensorFileStream&&) noexcept;

  /// Appends rows to the tensor `name` of shape [rows so far, row_elements]; created at first use.
  /// `row_elements` 0 makes a tensor of shape [rows].
  template <class T>
  void append(const std::string& name, std::int64_t row_elements, std::span<const T> values) {
    append_bytes(name, dtype_of<T>(), row_elements, std::as_bytes(values));
  }
  /// Adds a whole tensor (small ones, kept in memory until finish()).
  void add(const std::string& name, const TensorView& tensor);
  void finish(const TensorMetadata& metadata);

 private:
  void append_bytes(const std::string& name, DType dtype, std::int64_t row_elements,
                    std::span<const std::byte> bytes);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mer
