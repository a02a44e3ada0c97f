#include "vector_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <regex>
#include <set>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

/// The file as it is, and what its header says.
struct NpyArray {
  std::string bytes;
  std::size_t data_begin = 0;
  bool is_double = false;
  bool column_major = false;
  std::int64_t rows = 1;
  std::int64_t columns = 0;
};

[[noreturn]] void refuse_array(const fs::path& file, const std::string& why) {
  throw UsageError(file.string() + ": no vectors of a song: " + why,
                   "numpy.save(file, vectors.astype('float32')), of shape [D] or [rows, D]");
}

/// Format: numpy.lib.format, versions 1 to 3.
NpyArray read_array(const fs::path& file) {
  NpyArray array;
  array.bytes = read_text_file(file);
  const std::string& bytes = array.bytes;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  constexpr std::size_t kShortHead = 10;  // magic, version, length of the header in two bytes
  constexpr std::size_t kLongHead = 12;   // or in four
  if (bytes.size() < kLongHead || !bytes.starts_with("\x93NUMPY")) {
    refuse_array(file, "not a .npy file");
  }
  const bool is_long = byte(6) > 1;
  std::size_t length = byte(8) | static_cast<std::size_t>(byte(9)) << 8U;
  if (is_long)
    length |= static_cast<std::size_t>(byte(10)) << 16U | static_cast<std::size_t>(byte(11)) << 24U;
  array.data_begin = (is_long ? kLongHead : kShortHead) + length;
  if (array.data_begin > bytes.size()) refuse_array(file, "it ends within its header");
  const std::string header = bytes.substr(kShortHead, array.data_begin - kShortHead);
  std::smatch found;
  static const std::regex kType("'descr': *'([^']*)'");
  static const std::regex kShape("'shape': *\\((\\d+),(?: *(\\d+))?\\)");
  if (!std::regex_search(header, found, kType) || (found[1] != "<f4" && found[1] != "<f8")) {
    refuse_array(file, "its numbers are neither float32 nor float64");
  }
  array.is_double = found[1] == "<f8";
  array.column_major = header.find("'fortran_order': True") != header.npos;
  if (!std::regex_search(header, found, kShape)) {
    refuse_array(file, "its shape is neither [D] nor [rows, D]");
  }
  const auto number = [&](std::size_t i) { return std::stoll(found[i].str().substr(0, 18)); };
  if (found[2].matched) array.rows = number(1);
  array.columns = number(found[2].matched ? 2 : 1);
  const std::size_t count = (bytes.size() - array.data_begin) / (array.is_double ? 8 : 4);
  if (array.rows < 1 || array.columns < 1) refuse_array(file, "it is empty");
  if (static_cast<std::size_t>(array.rows) > count ||
      static_cast<std::size_t>(array.columns) != count / static_cast<std::size_t>(array.rows)) {
    refuse_array(file, "it ends before its last number, or after it");
  }
  return array;
}

template <class Number>
RowMatrixXf values_in(const NpyArray& array) {
  using Matrix = Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix values(array.column_major ? array.columns : array.rows,
                array.column_major ? array.rows : array.columns);
  std::memcpy(values.data(), array.bytes.data() + array.data_begin,
              static_cast<std::size_t>(values.size()) * sizeof(Number));
  if (array.column_major) return values.transpose().template cast<float>();
  return values.template cast<float>();
}

/// Below the folder, in the order of their names.
std::set<fs::path> arrays_in(const fs::path& folder) {
  std::set<fs::path> files;
  std::error_code failure;
  for (fs::recursive_directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".npy") files.insert(entry->path());
  }
  if (failure) {
    throw UsageError(
        folder.string() + ": this folder of vectors cannot be read: " + failure.message(),
        "embed.files names a folder with a .npy for each song");
  }
  if (files.empty()) {
    throw UsageError(folder.string() + ": holds no vectors, .npy",
                     "embed.files names a folder with a .npy for each song");
  }
  return files;
}

}  // namespace

std::int64_t VectorFolder::columns_in(const fs::path& folder) {
  return read_array(*arrays_in(folder).begin()).columns;
}

VectorFolder::VectorFolder(const fs::path& folder) : folder_(folder) {
  const std::set<fs::path> files = arrays_in(folder);
  std::string hashes;
  for (const fs::path& file : files) {
    const NpyArray array = read_array(file);
    if (num_columns_ == 0) num_columns_ = array.columns;
    if (array.columns != num_columns_) {
      refuse_array(file, "they have " + std::to_string(array.columns) + " numbers, those of " +
                             files.begin()->string() + " " + std::to_string(num_columns_));
    }
    hashes += file.lexically_relative(folder).string() + '\0' + hash_hex(array.bytes);
  }
  hash_ = hash_hex(hashes).substr(0, 12);
}

fs::path VectorFolder::file_of(const fs::path& audio_file) const {
  // From the whole path to the last name.
  const fs::path whole = absolute_path(audio_file).relative_path().replace_extension(".npy");
  for (auto first = whole.begin(); first != whole.end(); ++first) {
    fs::path file = folder_;
    for (auto part = first; part != whole.end(); ++part) file /= *part;
    if (fs::exists(file)) return file;
  }
  throw InputError(audio_file.string() + ": has no vector in " + folder_.string(),
                   "name it " + (folder_ / whole.filename()).string() +
                       ", or as much of the song's path as tells it from others of its name");
}

RowMatrixXf VectorFolder::rows_of(const fs::path& audio_file) const {
  const fs::path file = file_of(audio_file);
  const NpyArray array = read_array(file);
  RowMatrixXf rows = array.is_double ? values_in<double>(array) : values_in<float>(array);
  if (array.columns != num_columns_) refuse_array(file, "it changed while it was read");
  if (!rows.allFinite()) refuse_array(file, "not all of its numbers are finite");
  return rows;
}

}  // namespace mer
