#include "mer/core/tensor_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"

namespace mer {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the public reader's own limit

struct DTypeName {
  DType dtype;
  const char* name;
  std::size_t size;
};
constexpr DTypeName kDTypes[] = {{DType::kFloat32, "F32", 4},
                                 {DType::kFloat64, "F64", 8},
                                 {DType::kInt64, "I64", 8},
                                 {DType::kUint8, "U8", 1}};

const DTypeName& name_of(DType dtype) {
  return *std::find_if(std::begin(kDTypes), std::end(kDTypes),
                       [&](const DTypeName& entry) { return entry.dtype == dtype; });
}

struct HeaderEntry {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::size_t num_bytes;
};

/// Length prefix and JSON header; padded with spaces so that the data starts 8-byte aligned.
std::string make_header(const std::vector<HeaderEntry>& entries, const TensorMetadata& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const HeaderEntry& entry : entries) {
    header[entry.name] = {{"dtype", name_of(entry.dtype).name},
                          {"shape", entry.shape},
                          {"data_offsets", {offset, offset + entry.num_bytes}}};
    offset += entry.num_bytes;
  }
  std::string json = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  json.resize((json.size() + 7) / 8 * 8, ' ');
  std::string prefix(kLengthBytes, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    prefix[i] = static_cast<char>((json.size() >> (8 * i)) & 0xFF);
  }
  return prefix + json;
}

/// Large elements first, so that every tensor is aligned to its element size.
template <class Entries, class SizeOf>
void sort_for_alignment(Entries& entries, const SizeOf& size) {
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const auto& a, const auto& b) { return size(a) > size(b); });
}

}  // namespace

std::size_t size_of(DType dtype) { return name_of(dtype).size; }

std::int64_t TensorView::num_elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

void TensorView::check_type(DType wanted) const {
  if (wanted != dtype) {
    throw Error(std::string("a tensor has elements of type ") + name_of(dtype).name + ", wanted " +
                name_of(wanted).name);
  }
}

struct TensorFile::Impl {
  std::filesystem::path path;
  std::map<std::string, TensorView> tensors;
  TensorMetadata metadata;
  void* mapping = nullptr;
  std::size_t size = 0;
  std::shared_ptr<const Impl> whole;  ///< of a part: what keeps the mapping

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (mapping != nullptr) ::munmap(mapping, size);
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw UsageError(path.string() + ": not a valid safetensors file: " + reason);
  }

  void map_file() {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      throw UsageError(path.string() + ": " + std::generic_category().message(errno));
    }
    struct stat status {};
    const bool is_file = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    size = is_file ? static_cast<std::size_t>(status.st_size) : 0;
    if (is_file && size >= kLengthBytes) {
      void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
      if (address != MAP_FAILED) mapping = address;
    }
    const int reason = errno;
    ::close(file);
    if (!is_file) fail("it is not a regular file");
    if (size < kLengthBytes) fail("it has " + std::to_string(size) + " bytes");
    if (mapping == nullptr) {
      throw Error(path.string() + ": cannot be mapped: " + std::generic_category().message(reason));
    }
  }

  void read_header() {
    const auto* bytes = static_cast<const unsigned char*>(mapping);
    std::uint64_t header_bytes = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      header_bytes |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    if (header_bytes > kMaxHeaderBytes || header_bytes > size - kLengthBytes) {
      fail("its header is said to have " + std::to_string(header_bytes) + " bytes, the file has " +
           std::to_string(size));
    }
    const auto* text = reinterpret_cast<const char*>(bytes + kLengthBytes);
    const auto header = nlohmann::json::parse(text, text + header_bytes, nullptr, false);
    if (!header.is_object()) fail("its header is not a JSON object");
    const std::size_t data_start = kLengthBytes + static_cast<std::size_t>(header_bytes);
    const std::span data(reinterpret_cast<const std::byte*>(bytes) + data_start, size - data_start);
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        if (!entry.is_object()) fail("'__metadata__' is not an object");
        for (const auto& [key, value] : entry.items()) {
          if (!value.is_string()) fail("'__metadata__' has a value that is not text");
          metadata[key] = value.get<std::string>();
        }
      } else {
        tensors[name] = read_entry(name, entry, data);
      }
    }
  }

  TensorView read_entry(const std::string& name, const nlohmann::json& entry,
                        std::span<const std::byte> data) const {
    const auto bad = [&](const std::string& what) { fail("tensor '" + name + "' " + what); };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
        !entry.contains("data_offsets")) {
      bad("lacks dtype, shape or data_offsets");
    }
    TensorView view;
    const auto& dtype = entry["dtype"];
    const auto* known = std::find_if(
        std::begin(kDTypes), std::end(kDTypes),
        [&](const DTypeName& candidate) { return dtype.is_string() && dtype == candidate.name; });
    if (known == std::end(kDTypes)) bad("has element type " + dtype.dump());
    view.dtype = known->dtype;

    const auto& shape = entry["shape"];
    if (!shape.is_array()) bad("has a shape that is not a list");
    std::uint64_t num_bytes = known->size;
    for (const auto& dimension : shape) {
      if (!dimension.is_number_unsigned()) bad("has a size that is not a whole number");
      const auto length = dimension.get<std::uint64_t>();
      if (length > size || (length > 0 && num_bytes > size / length))
        bad("is larger than the file");
      num_bytes *= length;
      view.shape.push_back(static_cast<std::int64_t>(length));
    }
    const auto& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      bad("has data_offsets that are not two whole numbers");
    }
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data.size()) bad("reaches beyond the end of the file");
    if (end - begin != num_bytes) bad("has another length than its shape says");
    view.bytes = data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(num_bytes));
    if (reinterpret_cast<std::uintptr_t>(view.bytes.data()) % known->size != 0) {
      bad("is not aligned to its element size");
    }
    return view;
  }
};

TensorFile TensorFile::open(const std::filesystem::path& path) {
  auto impl = std::make_shared<Impl>();
  impl->path = path;
  impl->map_file();
  impl->read_header();
  TensorFile file;
  file.impl_ = std::move(impl);
  return file;
}

bool TensorFile::contains(const std::string& name) const { return impl_->tensors.contains(name); }

const TensorView& TensorFile::at(const std::string& name) const {
  const auto found = impl_->tensors.find(name);
  if (found == impl_->tensors.end()) {
    throw UsageError(impl_->path.string() + ": has no tensor '" + name + "'");
  }
  return found->second;
}

const TensorView& TensorFile::at(const std::string& name,
                                 const std::vector<std::int64_t>& shape) const {
  const TensorView& tensor = at(name);
  const auto text = [](const std::vector<std::int64_t>& sizes) {
    std::string joined = "[";
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      joined += (i > 0 ? ", " : "") + (sizes[i] < 0 ? std::string("?") : std::to_string(sizes[i]));
    }
    return joined + "]";
  };
  const bool fits =
      std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end(),
                 [](std::int64_t want, std::int64_t have) { return want == -1 || want == have; });
  if (!fits) {
    throw UsageError(impl_->path.string() + ": tensor '" + name + "' has shape " +
                     text(tensor.shape) + ", wanted " + text(shape));
  }
  return tensor;
}

std::vector<std::string> TensorFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : impl_->tensors) names.push_back(name);
  return names;
}

TensorFile TensorFile::part(const std::string& prefix, TensorMetadata metadata) const {
  auto impl = std::make_shared<Impl>();
  impl->path = impl_->path;
  impl->metadata = std::move(metadata);
  impl->whole = impl_;
  const std::string start = prefix + ".";
  for (auto entry = impl_->tensors.lower_bound(start);
       entry != impl_->tensors.end() && entry->first.starts_with(start); ++entry) {
    impl->tensors[entry->first.substr(start.size())] = entry->second;
  }
  TensorFile file;
  file.impl_ = std::move(impl);
  return file;
}

void TensorFile::release_pages() const {
  const Impl* mapped = impl_.get();
  while (mapped->whole) mapped = mapped->whole.get();
  // Of a shared read-only mapping nothing can be lost: what is touched again is read again.
  ::madvise(mapped->mapping, mapped->size, MADV_DONTNEED);
}

void TensorFile::read_ahead(const TensorView& tensor, std::int64_t first, std::int64_t last) const {
  if (tensor.shape.empty() || first >= last) return;
  const std::size_t row = tensor.bytes.size() / static_cast<std::size_t>(tensor.shape.front());
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto data = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
  const std::uintptr_t begin = (data + static_cast<std::size_t>(first) * row) / page * page;
  const std::uintptr_t end = data + static_cast<std::size_t>(last) * row;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);
}

const TensorMetadata& TensorFile::metadata() const { return impl_->metadata; }
const std::filesystem::path& TensorFile::path() const { return impl_->path; }

void write_tensor_file(const std::filesystem::path& path, const NamedTensors& tensors,
                       const TensorMetadata& metadata) {
  NamedTensors sorted = tensors;
  sort_for_alignment(sorted, [](const auto& entry) { return size_of(entry.second.dtype); });
  std::vector<HeaderEntry> entries;
  for (const auto& [name, tensor] : sorted) {
    entries.push_back({name, tensor.dtype, tensor.shape, tensor.bytes.size()});
  }
  const std::string header = make_header(entries, metadata);
  AtomicFile file(path);
  file.write(header);
  for (const auto& [name, tensor] : sorted) file.write(tensor.bytes);
  file.commit();
}

struct TensorFileStream::Impl {
  /// A tensor that grows: rows wait in `pending` and go to an unnamed file in larger pieces.
  struct Growing {
    std::string name;
    DType dtype;
    std::int64_t row_elements;
    std::size_t num_bytes = 0;
    std::FILE* spool = nullptr;
  };
  struct Whole {
    std::string name;
    TensorView view;
    std::vector<std::byte> bytes;
  };

  std::filesystem::path path;
  std::vector<Growing> growing;
  std::vector<Whole> whole;

  explicit Impl(std::filesystem::path target) : path(std::move(target)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (Growing& tensor : growing) {
      if (tensor.spool != nullptr) std::fclose(tensor.spool);
    }
  }

  [[noreturn]] void fail(const char* what) const {
    throw Error(path.string() + ": " + what + ": " + reason_of(errno));
  }

  Growing& find_or_make(const std::string& name, DType dtype, std::int64_t row_elements) {
    for (Growing& tensor : growing) {
      if (tensor.name != name) continue;
      if (tensor.dtype != dtype || tensor.row_elements != row_elements) {
        throw std::invalid_argument("tensor '" + name + "' changed its row shape");
      }
      return tensor;
    }
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    std::string temporary = (folder / ".mer-part-XXXXXX").string();
    const int file = ::mkstemp(temporary.data());
    if (file < 0) fail("cannot be created");
    ::unlink(temporary.c_str());  // nameless from now on: a crash leaves nothing behind
    std::FILE* spool = ::fdopen(file, "w+b");
    if (spool == nullptr) {
      ::close(file);
      fail("cannot be created");
    }
    growing.push_back({name, dtype, row_elements, 0, spool});
    return growing.back();
  }
};

TensorFileStream::TensorFileStream(std::filesystem::path path)
    : impl_(std::make_unique<Impl>(std::move(path))) {}
TensorFileStream::~TensorFileStream() = default;
TensorFileStream::TensorFileStream(TensorFileStream&&) noexcept = default;
TensorFileStream& TensorFileStream::operator=(TensorFileStream&&) noexcept = default;

void TensorFileStream::append_bytes(const std::string& name, DType dtype, std::int64_t row_elements,
                                    std::span<const std::byte> bytes) {
  Impl::Growing& tensor = impl_->find_or_make(name, dtype, row_elements);
  const std::size_t row_bytes =
      size_of(dtype) * static_cast<std::size_t>(std::max<std::int64_t>(1, row_elements));
  if (bytes.size() % row_bytes != 0) {
    throw std::invalid_argument("tensor '" + name + "' takes whole rows only");
  }
  if (std::fwrite(bytes.data(), 1, bytes.size(), tensor.spool) != bytes.size()) {
    impl_->fail("cannot be written");
  }
  tensor.num_bytes += bytes.size();
}

void TensorFileStream::add(const std::string& name, const TensorView& tensor) {
  impl_->whole.push_back({name, tensor, {tensor.bytes.begin(), tensor.bytes.end()}});
}

void TensorFileStream::finish(const TensorMetadata& metadata) {
  struct Part {
    HeaderEntry entry;
    std::FILE* spool;
    std::span<const std::byte> bytes;
  };
  std::vector<Part> parts;
  for (Impl::Growing& tensor : impl_->growing) {
    const std::size_t row_elements =
        static_cast<std::size_t>(std::max<std::int64_t>(1, tensor.row_elements));
    const auto rows =
        static_cast<std::int64_t>(tensor.num_bytes / (size_of(tensor.dtype) * row_elements));
    std::vector<std::int64_t> shape = {rows};
    if (tensor.row_elements > 0) shape.push_back(tensor.row_elements);
    parts.push_back({{tensor.name, tensor.dtype, shape, tensor.num_bytes}, tensor.spool, {}});
  }
  for (const Impl::Whole& tensor : impl_->whole) {
    parts.push_back({{tensor.name, tensor.view.dtype, tensor.view.shape, tensor.bytes.size()},
                     nullptr,
                     tensor.bytes});
  }
  sort_for_alignment(parts, [](const Part& part) { return size_of(part.entry.dtype); });
  std::vector<HeaderEntry> entries;
  for (const Part& part : parts) entries.push_back(part.entry);

  const std::string header = make_header(entries, metadata);
  AtomicFile file(impl_->path);
  file.write(header);
  std::vector<std::byte> block(1 << 18);
  for (const Part& part : parts) {
    if (part.spool == nullptr) {
      file.write(part.bytes);
      continue;
    }
    if (std::fflush(part.spool) != 0 || std::fseek(part.spool, 0, SEEK_SET) != 0) {
      impl_->fail("cannot be written");
    }
    std::size_t left = part.entry.num_bytes;
    while (left > 0) {
      const std::size_t wanted = std::min(left, block.size());
      if (std::fread(block.data(), 1, wanted, part.spool) != wanted)
        impl_->fail("cannot be written");
      file.write(std::span(block).first(wanted));
      left -= wanted;
    }
  }
  file.commit();
}

}  // namespace mer
