#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mer/audio/audio_reader.hpp"
#include "mer/config/recipe.hpp"
#include "mer/core/options.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/runs/bundled_files.hpp"

namespace mer::python {

namespace py = pybind11;

/// What `mer features` can be told.
struct Settings {
  Recipe recipe;
  DescriptorOptions descriptors;

  /// The whole of each song: nothing wants songs of equal length here.
  Settings() { recipe.audio.duration_s = 0.0; }
  void visit(OptionsVisitor& v);
};

/// Contiguous float [frames, channels]; what else it may be is turned into this in Python.
using Samples = py::array_t<float, py::array::c_style>;
/// A file, or samples with their rate in Hz.
using Sound = std::variant<std::filesystem::path, std::pair<Samples, int>>;

/// Opens a sound for as long as it lives, and lets Ctrl-C through.
class OpenSound {
 public:
  /// With the interpreter's lock, which the others do not need.
  explicit OpenSound(Sound sound);

  const std::string& name() const { return name_; }
  /// @throws InputError as AudioReader does
  std::unique_ptr<AudioReader> read(const AudioOptions& options) const;
  /// To be called now and then.
  /// @throws pybind11::error_already_set when the user wants to stop
  static void check_signals(std::span<const float> samples);

 private:
  Sound sound_;
  std::string name_;
  SampleArray array_;  // looks into sound_; without samples for a file
};

/// Values become an array without being copied.
/// @param shape  -1 once: what is left of the values
template <class T>
py::array_t<T> to_array(std::vector<T> values, std::vector<py::ssize_t> shape) {
  auto* owned = new std::vector<T>(std::move(values));
  const py::capsule owner(owned, [](void* memory) { delete static_cast<std::vector<T>*>(memory); });
  return py::array_t<T>(std::move(shape), owned->data(), owner);
}

/// What comes with the program, and with these sources.
/// @param program_folder  of the program's executable; empty where there is none
BundledFiles bundled_files(const std::filesystem::path& program_folder);

void bind_settings(py::module_& module);
void bind_features(py::module_& module);
void bind_models(py::module_& module);

}  // namespace mer::python
