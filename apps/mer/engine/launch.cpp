#include "launch.hpp"

#include <charconv>
#include <cstdlib>
#include <string>
#include <vector>

#include "mer/core/error.hpp"

namespace mer::app {
namespace {

using Text = std::optional<std::string>;

/// Empty variables count as absent, as launchers leave them.
Text variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr || *value == '\0' ? Text() : Text(value);
}

std::optional<int> number(const std::string& name) {
  const Text text = variable(name);
  if (!text) return std::nullopt;
  int value = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end || value < 0) {
    throw UsageError("environment: " + name + " is '" + *text + "', allowed: a number from 0",
                     "unset " + name + " to train in one process");
  }
  return value;
}

/// How a launcher calls what we need.
struct Launcher {
  const char* name;
  const char* rank;
  const char* size;
  const char* rank_on_host;
  const char* size_on_host;  ///< tells whether there are other hosts; may be null
};

constexpr Launcher kByHand = {"RANK and WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_RANK",
                              "LOCAL_WORLD_SIZE"};
constexpr Launcher kOpenMpi = {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                               "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Launcher kSlurm = {"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", nullptr};

/// A job script that sbatch runs has srun's variables too, without being one of several tasks.
bool is_batch_script() { return variable("SLURM_JOB_ID") && !variable("SLURM_STEP_ID"); }

const Launcher* find_launcher() {
  if (variable(kByHand.rank) || variable(kByHand.size)) return &kByHand;
  if (variable(kOpenMpi.rank) || variable(kOpenMpi.size)) return &kOpenMpi;
  if (variable(kSlurm.rank) && variable(kSlurm.size) && !is_batch_script()) return &kSlurm;
  return nullptr;
}

/// "node[003-005,9],other" → "node003".
std::string first_host(const std::string& node_list) {
  const std::size_t bracket = node_list.find('[');
  const std::size_t comma = node_list.find(',');
  if (bracket == std::string::npos || comma < bracket) return node_list.substr(0, comma);
  const std::size_t end = node_list.find_first_of(",-]", bracket);
  return node_list.substr(0, bracket) + node_list.substr(bracket + 1, end - bracket - 1);
}

std::string master_address(const Launcher& launcher, int size) {
  if (const Text address = variable("MASTER_ADDR")) return *address;
  if (&launcher == &kSlurm) {
    for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
      if (const Text nodes = variable(name)) return first_host(*nodes);
    }
  }
  const auto size_on_host =
      launcher.size_on_host == nullptr ? std::nullopt : number(launcher.size_on_host);
  if (size_on_host && *size_on_host < size) {
    throw UsageError(std::string("environment: ") + launcher.name +
                         " started processes on several hosts, and MASTER_ADDR does not say which "
                         "has rank 0",
                     "give all of them MASTER_ADDR=HOST, e.g. mpirun -x MASTER_ADDR=HOST …");
  }
  return "127.0.0.1";
}

/// Jobs of Slurm that share a host get ports of their own.
int default_port(const Launcher& launcher) {
  constexpr int kFirstPort = 29500;
  constexpr int kNumPorts = 2000;
  if (&launcher != &kSlurm) return kFirstPort;
  return kFirstPort + number("SLURM_JOB_ID").value_or(0) % kNumPorts;
}

}  // namespace

std::optional<ProcessPlace> place_in_environment() {
  const Launcher* launcher = find_launcher();
  if (launcher == nullptr) return std::nullopt;
  for (const char* name : {launcher->rank, launcher->size}) {
    if (variable(name)) continue;
    const char* other = name == launcher->rank ? launcher->size : launcher->rank;
    throw UsageError(std::string("environment: ") + other + " is set, but " + name + " is not",
                     std::string("set both to train with several processes, or unset ") + other);
  }
  ProcessPlace place;
  place.rank = *number(launcher->rank);
  place.size = *number(launcher->size);
  if (place.size == 1 && place.rank == 0) return std::nullopt;
  place.rank_on_host = number(launcher->rank_on_host).value_or(0);
  place.master_address = master_address(*launcher, place.size);
  place.master_port = number("MASTER_PORT").value_or(default_port(*launcher));
  // torchrun's agent has a store of its own there. It may speak another version's protocol, so we
  // keep out of it. A run that it starts again finds the names of the last attempt not in its way.
  if (variable("TORCHELASTIC_USE_AGENT_STORE") == "True") ++place.master_port;
  place.attempt = variable("TORCHELASTIC_RESTART_COUNT").value_or("");
  return place;
}

}  // namespace mer::app
