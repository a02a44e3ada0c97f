#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"

namespace mer {

/// Tensors with their values, on their way to a file.
class OwnedTensors {
 public:
  template <class T>
  void add(const std::string& name, std::vector<std::int64_t> shape, std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    tensors_.push_back({name, dtype_of<T>(), std::move(shape), {bytes.begin(), bytes.end()}});
  }
  template <class T>
  void add(const std::string& name, const std::vector<T>& values) {
    add(name, {static_cast<std::int64_t>(values.size())}, std::span<const T>(values));
  }
  /// Takes over all of another's, named `prefix.name`.
  void add_below(const std::string& prefix, OwnedTensors tensors);

  /// Looks into this object, which must outlive them.
  NamedTensors views() const;

 private:
  struct Tensor {
    std::string name;
    DType dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };
  std::deque<Tensor> tensors_;
};

/// The tensors of a model file below a prefix, copied out and checked: whatever the file holds, the
/// reader gets finite numbers in the shape that it asked for, or a UsageError that names the file.
class StoredTensors {
 public:
  /// @param file  must outlive this object
  StoredTensors(const TensorFile& file, std::string prefix)
      : file_(file), prefix_(std::move(prefix)) {}

  StoredTensors below(const std::string& name) const { return {file_, prefix_ + "." + name}; }
  const TensorFile& file() const { return file_; }
  bool has(const std::string& name) const { return file_.contains(prefix_ + "." + name); }

  /// @param shape  -1 matches any size
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape) const;
  std::vector<double> doubles(const std::string& name,
                              const std::vector<std::int64_t>& shape) const;
  /// @param min,max  what every element lies between
  std::vector<std::int64_t> integers(const std::string& name,
                                     const std::vector<std::int64_t>& shape, std::int64_t min,
                                     std::int64_t max) const;

  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  template <class T>
  std::vector<T> values(const std::string& name, const std::vector<std::int64_t>& shape) const;

  const TensorFile& file_;
  std::string prefix_;
};

}  // namespace mer
