#include <ATen/Context.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include "../arguments.hpp"
#include "../cmd_doctor.hpp"
#include "../command.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/child_process.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/source_commit.hpp"
#include "mer/core/text_table.hpp"
#include "mer/core/version.hpp"

namespace mer::app {
namespace {

void line(const char* what, const std::string& value) {
  std::printf("%s %s\n", pad_right(what, 12).c_str(), value.c_str());
}

/// The shared library that LibTorch's matrix products really come from.
std::string blas_library() {
  if (at::hasMKL()) return "MKL, built into LibTorch";
  // Looked up from LibTorch's own library: another one in this program may bring another BLAS.
  const auto* in_libtorch = reinterpret_cast<const void*>(&at::globalContext);
  Dl_info info{};
  void* library = ::dladdr(in_libtorch, &info) == 0
                      ? nullptr
                      : ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  void* symbol = library == nullptr ? nullptr : ::dlsym(library, "sgemm_");
  if (symbol == nullptr || ::dladdr(symbol, &info) == 0) return "built into LibTorch";
  std::error_code ignored;
  return std::filesystem::canonical(info.dli_fname, ignored).string();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value == nullptr ? "(unset)" : value);
}

/// A program that is needed for one thing only.
struct Helper {
  const char* name;
  const char* needed_for;
  const char* packages;
  bool is_wanting = true;  ///< when it isn't installed; else few need it
};
constexpr Helper kHelpers[] = {
    {"ffmpeg", "reading M4A, WMA and damaged files", "ffmpeg"},
    {"gnuplot", "the pictures of mer report and mer features --plot",
     "gnuplot-nox fonts-dejavu-core"},
    {"fluidsynth", "mer import emopia", "fluidsynth fluid-soundfont-gm", false},
};

/// The first line that it says of itself; none when it isn't installed.
std::optional<std::string> version_of(const Helper& helper) {
  const char* option = std::string_view(helper.name) == "ffmpeg" ? "-version" : "--version";
  const ProgramResult result = run_program({helper.name, option});
  if (!result.installed) return std::nullopt;
  return result.output.substr(0, std::min(result.output.find('\n'), result.output.find(" Copy")));
}

}  // namespace

int run_doctor() {
  bool works = true;
  int wanting = 0;
  const std::string commit = source_commit();
  line("mer", kVersion + (commit.empty() ? "" : "  commit " + commit));
  line("LibTorch", TORCH_VERSION);
  const std::string blas = blas_library();
  const bool is_reference = blas.find("openblas") == std::string::npos &&
                            blas.find("mkl") == std::string::npos &&
                            blas.find("blis") == std::string::npos && blas.front() == '/';
  line("BLAS", blas);
  if (is_reference) {
    line("", "ten times slower than others: apt-get install libopenblas0-openmp");
    ++wanting;
  }
  line("device", torch::cuda::is_available() ? "cuda" : "cpu");
  line("cores", std::to_string(available_cores()));
  line("threads", environment("OMP_NUM_THREADS") + "  " + environment("OMP_WAIT_POLICY"));
  line("kernels", environment("OPENBLAS_CORETYPE"));
  for (const FormatCheck& format : check_formats()) {
    line(("  " + format.name).c_str(), std::string(format.works ? "decodes" : "DOES NOT DECODE") +
                                           (format.note.empty() ? "" : "  " + format.note));
    if (format.works) continue;
    format.is_optional ? void(++wanting) : void(works = false);
  }
  for (const Helper& helper : kHelpers) {
    const std::optional<std::string> version = version_of(helper);
    line(helper.name, version ? *version
                              : std::string("not installed, ") +
                                    (helper.is_wanting ? "needed for " : "needed only for ") +
                                    helper.needed_for + ": apt-get install " + helper.packages);
    if (!version && helper.is_wanting) ++wanting;
  }
  const auto models = bundled_files().models();
  for (const auto& model : models) line("model", model.string());
  if (models.empty()) {
    line("model", "none is bundled");
    ++wanting;
  }
  std::puts(
      !works         ? "something that mer needs is broken, see above"
      : wanting == 0 ? "all is well"
      : wanting == 1
          ? "mer works; one thing is wanting, see above"
          : ("mer works; " + std::to_string(wanting) + " things are wanting, see above").c_str());
  return works ? kDone : kFailed;
}

}  // namespace mer::app
