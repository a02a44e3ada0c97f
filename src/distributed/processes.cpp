#include "mer/distributed/processes.hpp"

#include "mer/core/error.hpp"
#include "mer/distributed/collective.hpp"

#ifdef MER_GLOO
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <future>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#endif

namespace mer {
namespace {

void check_place(const ProcessPlace& place) {
  if (place.size < 1 || place.rank < 0 || place.rank >= place.size) {
    throw UsageError("process " + std::to_string(place.rank) + " of " + std::to_string(place.size) +
                         ": ranks count from 0 to one less than all",
                     "RANK=0 WORLD_SIZE=2 …, RANK=1 WORLD_SIZE=2 …");
  }
  constexpr int kHighestPort = 65535;
  if (place.master_port < 1 || place.master_port > kHighestPort) {
    throw UsageError("port " + std::to_string(place.master_port) + ", allowed: 1…65535",
                     "MASTER_PORT=29500");
  }
}

#ifdef MER_GLOO

using StorePointer = c10::intrusive_ptr<c10d::Store>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::seconds kLastWords{3};
constexpr const char* kFailureKey = "failure";
constexpr const char* kNoticedKey = "noticed";
constexpr const char* kJoinedKey = "joined";

/// What c10d says, without its lists of stack frames.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string who(const ProcessPlace& place) {
  return "process " + std::to_string(place.rank) + " of " + std::to_string(place.size);
}

/// This machine's address on the network that leads to rank 0: what a datagram socket is bound to
/// once it has a peer. Nothing is sent. (By default c10d takes what the host's name resolves to,
/// which is 127.0.1.1 on many machines.)
std::string address_towards(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    throw UsageError("rank 0's address '" + host + "' is not known: " + ::gai_strerror(error),
                     "set MASTER_ADDR to the name or number of the host that runs rank 0");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const int descriptor = ::socket(entry->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) continue;
    sockaddr_storage own{};
    socklen_t length = sizeof(own);
    std::array<char, NI_MAXHOST> text{};
    const bool found = ::connect(descriptor, entry->ai_addr, entry->ai_addrlen) == 0 &&
                       ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
                       ::getnameinfo(reinterpret_cast<sockaddr*>(&own), length, text.data(),
                                     text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
    ::close(descriptor);
    if (found) return text.data();
  }
  throw Error("rank 0's address '" + host + "' cannot be reached: there is no way to it",
              "check MASTER_ADDR and the network");
}

/// LibTorch from 2.4 on serves by libuv unless told not to, which Debian's is built without.
/// Clients of either kind of server speak alike.
template <class Options>
void do_without_libuv(Options& options) {
  if constexpr (requires { options.useLibUV; }) options.useLibUV = false;
}

/// The store on rank 0 through which the processes find each other.
StorePointer open_store(const ProcessPlace& place, const ProcessPatience& patience) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(place.master_port);
  options.isServer = place.rank == 0;
  options.waitWorkers = false;
  do_without_libuv(options);
  options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(patience.to_join);
  const std::string where = place.master_address + ":" + std::to_string(place.master_port);
  try {
    const auto store = c10::make_intrusive<c10d::TCPStore>(place.master_address, options);
    return c10::make_intrusive<c10d::PrefixStore>("mer/" + place.attempt, store);
  } catch (const std::exception& error) {
    throw Error(who(place) + ": " +
                    (options.isServer ? "cannot listen on port " + std::to_string(options.port)
                                      : "cannot reach rank 0 at " + where) +
                    ": " + first_line(error.what()),
                options.isServer ? "another run may use it: set another MASTER_PORT everywhere"
                                 : "start rank 0, and check MASTER_ADDR and MASTER_PORT");
  }
}

/// Comes back when every process has come.
void wait_for_all(const StorePointer& store, const ProcessPlace& place,
                  const ProcessPatience& patience, const std::function<bool()>& stop) {
  const auto deadline = Clock::now() + patience.to_join;
  std::int64_t joined = store->add(kJoinedKey, 1);
  while (joined < place.size) {
    if (stop && stop()) {
      throw Interrupted("interrupted while waiting for the other processes",
                        "the same command starts again");
    }
    if (Clock::now() > deadline) {
      throw Error(who(place) + ": " + std::to_string(joined) + " of " + std::to_string(place.size) +
                      " processes came within " + std::to_string(patience.to_join.count()) + " s",
                  "start them all with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE");
    }
    std::this_thread::sleep_for(kPoll);
    joined = store->add(kJoinedKey, 0);
  }
  if (joined > place.size) {
    throw UsageError(who(place) + ": there are " + std::to_string(joined) + " processes",
                     "give each process a RANK of its own, and each run a MASTER_PORT of its own");
  }
}

/// A process group of its own for each kind of sum: c10d matches the calls of different processes
/// by their number, and sums that overlap the backward pass may fall between others anywhere.
class ProcessCollective : public Collective {
 public:
  ProcessCollective(const ProcessPlace& place, const ProcessPatience& patience,
                    const std::string& own_address, StorePointer store)
      : place_(place), store_(std::move(store)) {
    now_ = make_gloo("now", patience, own_address);
    later_ = make_gloo("later", patience, own_address);
#ifdef USE_C10D_NCCL
    if (torch::cuda::is_available()) {
      auto options = c10d::ProcessGroupNCCL::Options::create();
      options->timeout = std::chrono::duration_cast<std::chrono::milliseconds>(patience.to_answer);
      nccl_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(
          c10::make_intrusive<c10d::PrefixStore>("nccl", store_), place_.rank, place_.size,
          options);
    }
#endif
  }

  ~ProcessCollective() override {
    if (!said_why_) return;
    // Closed connections tell the others at once that something has happened …
    now_.reset();
    later_.reset();
    // … and rank 0 takes the store along: let them read first what it said.
    if (place_.rank == 0) wait_until_noticed();
  }

  int rank() const override { return place_.rank; }
  int size() const override { return place_.size; }

  void all_reduce(torch::Tensor tensor) override {
    const torch::NoGradGuard no_grad;
    guarded([&] {
      if (tensor.is_cuda()) return sum_on_gpu(tensor);
      std::vector<torch::Tensor> tensors = {tensor};
      now_->allreduce(tensors)->wait();
    });
  }

  bool overlaps() const override { return true; }

  std::unique_ptr<Pending> all_reduce_async(torch::Tensor tensor) override {
    if (tensor.is_cuda()) return Collective::all_reduce_async(std::move(tensor));
    std::unique_ptr<Pending> pending;
    guarded([&] {
      std::vector<torch::Tensor> tensors = {tensor};
      pending = std::make_unique<PendingSum>(*this, tensor, later_->allreduce(tensors));
    });
    return pending;
  }

  void fail(const std::string& why) override {
    if (std::exchange(failed_, true)) return;
    const std::string text = who(place_) + " stopped: " + why;
    said_why_ = within_last_words([store = store_, text] {
      store->set(kFailureKey, std::vector<std::uint8_t>(text.begin(), text.end()));
    });
  }

  [[noreturn]] void throw_failure() override { throw_lost("another process has stopped"); }

 private:
  class PendingSum : public Pending {
   public:
    PendingSum(ProcessCollective& collective, torch::Tensor tensor,
               c10::intrusive_ptr<c10d::Work> work)
        : collective_(collective), tensor_(std::move(tensor)), work_(std::move(work)) {}
    void wait() override {
      collective_.guarded([&] { work_->wait(); });
    }

   private:
    ProcessCollective& collective_;
    torch::Tensor tensor_;  // kept until the sum is there
    c10::intrusive_ptr<c10d::Work> work_;
  };

  c10::intrusive_ptr<c10d::ProcessGroupGloo> make_gloo(const std::string& name,
                                                       const ProcessPatience& patience,
                                                       const std::string& own_address) {
    auto options = c10d::ProcessGroupGloo::Options::create();
    options->timeout = std::chrono::duration_cast<std::chrono::milliseconds>(patience.to_answer);
    options->threads = 1;
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(own_address));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>(name, store_), place_.rank, place_.size, options);
  }

  void sum_on_gpu(torch::Tensor& tensor) {
#ifdef USE_C10D_NCCL
    if (nccl_) {
      std::vector<torch::Tensor> tensors = {tensor};
      nccl_->allreduce(tensors)->wait();
      return;
    }
#endif
    std::vector<torch::Tensor> tensors = {tensor.cpu()};
    now_->allreduce(tensors)->wait();
    tensor.copy_(tensors.front());
  }

  /// Turns what c10d throws into what a user can understand.
  template <class Work>
  void guarded(const Work& work) {
    try {
      work();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw_lost("lost the other processes (" + first_line(error.what()) + ")");
    }
  }

  /// Says what another process has said, else `otherwise`.
  [[noreturn]] void throw_lost(const std::string& otherwise) {
    failed_ = true;  // the others notice as we did
    const auto words = std::make_shared<std::string>();
    const bool asked = within_last_words([store = store_, words] {
      // Who lost a connection may be faster than who closed it is with words.
      const auto deadline = Clock::now() + kLastWords / 2;
      while (!store->check({kFailureKey}) && Clock::now() < deadline) {
        std::this_thread::sleep_for(kPoll);
      }
      if (!store->check({kFailureKey})) return;
      const std::vector<std::uint8_t> bytes = store->get(kFailureKey);
      words->assign(bytes.begin(), bytes.end());
      store->add(kNoticedKey, 1);
    });
    throw Error(asked && !words->empty() ? *words : who(place_) + " " + otherwise,
                "see what the other processes say; `mer train --resume` goes on from the last "
                "checkpoint");
  }

  void wait_until_noticed() {
    within_last_words([store = store_, others = place_.size - 1] {
      const auto deadline = Clock::now() + kLastWords;
      while (store->add(kNoticedKey, 0) < others && Clock::now() < deadline) {
        std::this_thread::sleep_for(kPoll);
      }
    });
  }

  /// Talks to the store for a few seconds at most: its host may be gone without having said so, and
  /// then c10d would wait for minutes. False when there was no time.
  static bool within_last_words(const std::function<void()>& talk) {
    auto done = std::make_shared<std::promise<void>>();
    std::future<void> end = done->get_future();
    std::thread([talk, done] {
      try {
        talk();
      } catch (const std::exception&) {
        // The store is gone: there is nobody to talk to.
      }
      done->set_value();
    }).detach();
    return end.wait_for(kLastWords + std::chrono::seconds(1)) == std::future_status::ready;
  }

  ProcessPlace place_;
  StorePointer store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> now_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> later_;
#ifdef USE_C10D_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl_;
#endif
  bool failed_ = false;
  bool said_why_ = false;
};

#endif  // MER_GLOO

}  // namespace

std::shared_ptr<Collective> join_processes([[maybe_unused]] const ProcessPlace& place,
                                           [[maybe_unused]] const ProcessPatience& patience,
                                           [[maybe_unused]] const std::function<bool()>& stop) {
  check_place(place);
#ifdef MER_GLOO
  // Asked first, because c10d would look for a host without a name for minutes.
  const std::string own_address = address_towards(place.master_address, place.master_port);
  const StorePointer store = open_store(place, patience);
  try {
    wait_for_all(store, place, patience, stop);
    return std::make_shared<ProcessCollective>(place, patience, own_address, store);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(who(place) + " cannot join the others: " + first_line(error.what()),
                "check MASTER_ADDR, and that the hosts can talk to each other on any port");
  }
#else
  throw UsageError("this mer was built without Gloo, so that only one process can train",
                   "install libgloo-dev, configure with -DMER_GLOO=ON and build again");
#endif
}

}  // namespace mer
