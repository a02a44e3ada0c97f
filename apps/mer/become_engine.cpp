#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "command.hpp"
#include "mer/core/error.hpp"

// `mer` links no LibTorch: loading its 288 shared libraries takes 0.4 s, which `mer --help` need
// not wait for, and GNU OpenMP reads its environment when it is loaded, too late for main() to set
// it. So the verbs that need LibTorch run in a second executable, started in this process' place.

namespace mer::app {
namespace {

namespace fs = std::filesystem;

fs::path engine_path() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path engine = (folder / "../libexec/mer/mer-engine").lexically_normal();
  if (!fs::exists(engine)) {
    throw Error(engine.string() + ": no such file; the installation is not complete",
                "build the target mer_engine, or install again");
  }
  return engine;
}

}  // namespace

bool is_engine() { return fs::read_symlink("/proc/self/exe").filename() == "mer-engine"; }

void become_engine() {
  const fs::path engine = engine_path();
  // GNU OpenMP's idle threads spin by default, which makes a small LSTM step 20 times slower.
  ::setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
  // One thread for each of our own threads; train.threads raises it for training.
  ::setenv("OMP_NUM_THREADS", "1", 0);
  // c10d tells on stderr, in glog's form, about each attempt to reach a host that is not up yet.
  ::setenv("GLOG_minloglevel", "2", 0);
  ::setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);
  // OpenBLAS 0.3.21 doesn't know recent processors and takes its slowest kernels for them: 28
  // GFLOP/s instead of 120 on a Xeon with AVX-512. These names run on whatever has the
  // instructions.
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0) {
    ::setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  } else if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    ::setenv("OPENBLAS_CORETYPE", "Haswell", 0);
  }
  std::vector<std::string> words = process_arguments();
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(engine.c_str(), arguments.data());
  throw Error(engine.string() + ": cannot be started: " + std::generic_category().message(errno));
}

}  // namespace mer::app
