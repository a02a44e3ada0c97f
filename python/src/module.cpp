#include "bindings.hpp"
#include "mer/core/error.hpp"
#include "mer/core/version.hpp"

namespace mer::python {
namespace {

void raise(const char* type, const Error& error) {
  const py::object made = py::module_::import("mer.errors").attr(type)(error.what(), error.hint());
  PyErr_SetObject(py::type::handle_of(made).ptr(), made.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const UsageError& error) {
    raise("UsageError", error);
  } catch (const InputError& error) {
    raise("InputError", error);
  } catch (const Error& error) {
    raise("Error", error);
  }
}

#if PYBIND11_VERSION_HEX < 0x020C0000
/// @throws pybind11::import_error where arrays would hold other numbers without a word
void require_known_numpy() {
  const auto version = py::module_::import("numpy").attr("__version__").cast<std::string>();
  if (version.starts_with("1.")) return;
  throw py::import_error("this build of mer is for NumPy 1, here is " + version +
                         ": install it for this interpreter by `pip install ./python`");
}
#else
void require_known_numpy() {}  // knows NumPy 2
#endif

}  // namespace

BundledFiles bundled_files(const std::filesystem::path& program_folder) {
  const std::filesystem::path data = MER_SOURCE_DATA;
  std::vector<std::filesystem::path> folders = {data, data.parent_path()};
  if (!program_folder.empty()) folders.insert(folders.begin(), program_folder / "../share/mer");
  return BundledFiles(std::move(folders));
}

OpenSound::OpenSound(Sound sound) : sound_(std::move(sound)) {
  if (const auto* path = std::get_if<std::filesystem::path>(&sound_)) {
    name_ = path->string();
    return;
  }
  const auto& [samples, rate_hz] = std::get<1>(sound_);
  if (samples.ndim() != 2) throw std::invalid_argument("samples are [frames, channels]");
  name_ = "the array";
  array_ = {{samples.data(), static_cast<std::size_t>(samples.size())},
            static_cast<int>(samples.shape(1)),
            rate_hz};
}

std::unique_ptr<AudioReader> OpenSound::read(const AudioOptions& options) const {
  if (sound_.index() == 1) return std::make_unique<AudioReader>(array_, name_, options);
  return std::make_unique<AudioReader>(std::get<0>(sound_), options);
}

void OpenSound::check_signals(std::span<const float>) {
  const py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace mer::python

PYBIND11_MODULE(_core, module) {
  module.doc() = "mer's feature library; use it through the package's functions.";
  module.attr("version") = mer::kVersion;
  mer::python::require_known_numpy();
  pybind11::register_local_exception_translator(mer::python::translate);
  mer::python::bind_settings(module);
  mer::python::bind_features(module);
  mer::python::bind_models(module);
}
