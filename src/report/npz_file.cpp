#include "npz_file.hpp"

#include <zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <utility>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");

constexpr std::size_t kAlignment = 64;  // of the data in a .npy file, says its format
constexpr std::size_t kReleaseBytes = 8 << 20;
constexpr std::uint16_t kFirstDosDate = (1 << 5) + 1;  // 1 January 1980, the oldest a zip can say

/// Magic, version 1.0, length and text of the header.
std::string npy_header(const std::string& type, const std::vector<std::int64_t>& shape) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t size : shape) text += std::to_string(size) + ",";
  text += "), }";
  constexpr std::size_t kPrefixBytes = 10;
  const std::size_t unpadded = kPrefixBytes + text.size() + 1;
  text.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

/// UTF-8 to code points.
std::u32string code_points(const std::string& text) {
  std::u32string points;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [code, num_bytes] = first_character(rest);
    points += code;
    rest.remove_prefix(num_bytes);
  }
  return points;
}

/// Texts of equal width, filled with zeros, as NumPy's '<U…' has them.
std::string utf32(std::span<const std::u32string> texts, std::size_t width) {
  std::string bytes(texts.size() * width * sizeof(char32_t), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::memcpy(bytes.data() + i * width * sizeof(char32_t), texts[i].data(),
                texts[i].size() * sizeof(char32_t));
  }
  return bytes;
}

struct Array {
  std::string name;
  std::string header;
  std::string owned;  // what `bytes` shows when the array is not somebody else's
  std::span<const std::byte> bytes;

  // Where reading is.
  std::size_t position = 0;
  std::size_t since_release = 0;
  const std::function<void()>* release = nullptr;
};

zip_int64_t read_array(Array& array, char* out, std::size_t wanted) {
  std::size_t count = 0;
  const std::size_t header_bytes = array.header.size();
  if (array.position < header_bytes) {
    count = std::min(wanted, header_bytes - array.position);
    std::memcpy(out, array.header.data() + array.position, count);
  } else {
    const std::size_t begin = array.position - header_bytes;
    count = std::min(wanted, array.bytes.size() - begin);
    if (count > 0) std::memcpy(out, array.bytes.data() + begin, count);
  }
  array.position += count;
  array.since_release += count;
  if (array.since_release >= kReleaseBytes && *array.release) {
    (*array.release)();
    array.since_release = 0;
  }
  return static_cast<zip_int64_t>(count);
}

/// libzip asks a source for one thing after another.
zip_int64_t serve_array(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  Array& array = *static_cast<Array*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      array.position = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return read_array(array, static_cast<char*>(data), static_cast<std::size_t>(length));
    case ZIP_SOURCE_STAT: {
      auto* stat = static_cast<zip_stat_t*>(data);
      zip_stat_init(stat);
      stat->size = array.header.size() + array.bytes.size();
      stat->valid = ZIP_STAT_SIZE;
      return static_cast<zip_int64_t>(sizeof(zip_stat_t));
    }
    case ZIP_SOURCE_ERROR: {
      if (length < 2 * sizeof(int)) return -1;
      std::memset(data, 0, 2 * sizeof(int));
      return static_cast<zip_int64_t>(2 * sizeof(int));
    }
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default:
      return 0;
  }
}

}  // namespace

struct NpzFile::Impl {
  std::filesystem::path path;
  std::function<void()> release;
  std::deque<Array> arrays;  // libzip holds pointers to them

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(path.string() + ": cannot be written: " + reason);
  }
  void add(Array array) {
    array.release = &release;
    arrays.push_back(std::move(array));
    Array& kept = arrays.back();
    if (!kept.owned.empty()) kept.bytes = std::as_bytes(std::span<const char>(kept.owned));
  }
};

NpzFile::NpzFile(std::filesystem::path path, std::function<void()> release)
    : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
  impl_->release = std::move(release);
}
NpzFile::~NpzFile() = default;

void NpzFile::add(const std::string& name, const std::string& type,
                  const std::vector<std::int64_t>& shape, std::span<const std::byte> bytes) {
  Array array;
  array.name = name;
  array.header = npy_header(type, shape);
  array.bytes = bytes;
  impl_->add(std::move(array));
}

void NpzFile::add_texts(const std::string& name, std::span<const std::string> texts) {
  std::vector<std::u32string> points;
  std::size_t width = 1;
  for (const std::string& text : texts) {
    points.push_back(code_points(text));
    width = std::max(width, points.back().size());
  }
  Array array;
  array.name = name;
  array.header =
      npy_header("<U" + std::to_string(width), {static_cast<std::int64_t>(texts.size())});
  array.owned = utf32(points, width);
  impl_->add(std::move(array));
}

void NpzFile::add_text(const std::string& name, const std::string& text) {
  const std::u32string points = code_points(text);
  const std::size_t width = std::max<std::size_t>(1, points.size());
  Array array;
  array.name = name;
  array.header = npy_header("<U" + std::to_string(width), {});
  array.owned = utf32(std::span(&points, 1), width);
  impl_->add(std::move(array));
}

void NpzFile::finish() {
  std::error_code ignored;
  const auto type = std::filesystem::status(impl_->path, ignored).type();
  if (type != std::filesystem::file_type::regular &&
      type != std::filesystem::file_type::not_found) {
    impl_->fail("libzip replaces what it writes to, and this is no file");
  }
  AtomicFile file(impl_->path);
  int code = 0;
  std::unique_ptr<zip_t, void (*)(zip_t*)> archive(
      zip_open(file.temporary().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code), zip_discard);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    impl_->fail(reason);
  }
  for (Array& array : impl_->arrays) {
    zip_source_t* source = zip_source_function(archive.get(), serve_array, &array);
    if (source == nullptr) impl_->fail(zip_strerror(archive.get()));
    const zip_int64_t index =
        zip_file_add(archive.get(), (array.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      impl_->fail(zip_strerror(archive.get()));
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(archive.get(), entry, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive.get(), entry, 0, kFirstDosDate, 0) != 0) {
      impl_->fail(zip_strerror(archive.get()));
    }
  }
  // Writes a temporary file in the same folder and renames it.
  if (zip_close(archive.get()) != 0) {
    const int error = zip_error_code_system(zip_get_error(archive.get()));
    impl_->fail(error != 0 ? reason_of(error) : zip_strerror(archive.get()));
  }
  static_cast<void>(archive.release());
  file.commit();
}

}  // namespace mer
