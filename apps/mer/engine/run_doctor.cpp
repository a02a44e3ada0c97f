#include <ATen/Context.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

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
  void* symbol = ::dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  if (symbol == nullptr || ::dladdr(symbol, &info) == 0) return "built into LibTorch";
  std::error_code ignored;
  return std::filesystem::canonical(info.dli_fname, ignored).string();
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return std::string(name) + "=" + (value == nullptr ? "(unset)" : value);
}

/// The first line that fluidsynth says of itself, or what it would be for.
std::string fluidsynth() {
  const ProgramResult result = run_program({"fluidsynth", "--version"});
  if (!result.installed) {
    return "not installed; only mer import emopia needs it: apt-get install fluidsynth "
           "fluid-soundfont-gm";
  }
  return result.output.substr(0, result.output.find('\n'));
}

}  // namespace

int run_doctor() {
  bool well = true;
  const std::string commit = source_commit();
  line("mer", kVersion + (commit.empty() ? "" : "  commit " + commit));
  line("LibTorch", TORCH_VERSION);
  const std::string blas = blas_library();
  const bool is_reference = blas.find("openblas") == std::string::npos &&
                            blas.find("mkl") == std::string::npos &&
                            blas.find("blis") == std::string::npos && blas.front() == '/';
  line("BLAS", blas);
  if (is_reference) line("", "slow reference BLAS: apt-get install libopenblas-openmp-dev");
  line("device", torch::cuda::is_available() ? "cuda" : "cpu");
  line("cores", std::to_string(available_cores()));
  line("threads", environment("OMP_NUM_THREADS") + "  " + environment("OMP_WAIT_POLICY"));
  line("kernels", environment("OPENBLAS_CORETYPE"));
  for (const FormatCheck& format : check_formats()) {
    line(("  " + format.name).c_str(), std::string(format.works ? "decodes" : "DOES NOT DECODE") +
                                           (format.note.empty() ? "" : "  " + format.note));
    if (!format.works && !format.is_optional) well = false;
  }
  line("fluidsynth", fluidsynth());
  const auto models = bundled_files().models();
  for (const auto& model : models) line("model", model.string());
  if (models.empty()) line("model", "none is bundled");
  std::puts(well ? "all is well" : "something that mer needs is broken, see above");
  return well ? kDone : kFailed;
}

}  // namespace mer::app
