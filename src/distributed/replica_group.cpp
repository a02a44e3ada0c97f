#include "mer/distributed/replica_group.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "mer/core/error.hpp"

namespace mer {
namespace {

/// Elements [first, last) of `size` that rank `rank` of `ranks` adds up.
std::pair<std::int64_t, std::int64_t> part_of(std::int64_t size, int rank, int ranks) {
  return {size * rank / ranks, size * (rank + 1) / ranks};
}

template <class Real>
void add_part(const std::vector<torch::Tensor>& tensors, int rank) {
  const auto ranks = static_cast<int>(tensors.size());
  const auto [first, last] = part_of(tensors.front().numel(), rank, ranks);
  auto* to = tensors.front().data_ptr<Real>();
  for (std::size_t other = 1; other < tensors.size(); ++other) {
    const auto* from = tensors[other].data_ptr<Real>();
    for (std::int64_t i = first; i < last; ++i) to[i] += from[i];
  }
}

}  // namespace

/// Barriers of the threads: one ends when all have come, or throws when one has failed.
class ReplicaGroup::Rendezvous {
 public:
  explicit Rendezvous(int size, Collective* processes)
      : processes_(processes),
        copies_(static_cast<std::size_t>(size)),
        tensors_(static_cast<std::size_t>(size)) {}

  int size() const { return static_cast<int>(tensors_.size()); }
  Collective* processes() const { return processes_; }

  void all_reduce(int replica, const torch::Tensor& tensor) {
    if (processes_ == nullptr && tensor.numel() <= kSmall) return sum_small(replica, tensor);
    tensors_[static_cast<std::size_t>(replica)] = tensor;
    barrier();
    AT_DISPATCH_FLOATING_TYPES(tensor.scalar_type(), "all_reduce", [&] {
      check_sizes(tensor, tensors_.front());
      add_part<scalar_t>(tensors_, replica);
    });
    barrier();  // rank 0's tensor holds the sum
    if (processes_ != nullptr) {
      if (replica == 0) processes_->all_reduce(tensor);
      barrier();
    }
    if (replica != 0) tensor.copy_(tensors_.front());
    barrier();  // rank 0's tensor may change again
  }

  /// Ends when all have called it.
  void barrier() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = number_;
    if (++num_came_ == size()) {
      num_came_ = 0;
      ++number_;
      all_came_.notify_all();
    } else {
      all_came_.wait(lock, [&] { return number_ != mine || failure_; });
      // Who failed after a barrier had ended does not undo it: the others may have more to say.
      if (number_ == mine) std::rethrow_exception(failure_);
    }
  }

  /// Only the first counts.
  void fail(std::exception_ptr failure) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    all_came_.notify_all();
  }

  std::exception_ptr failure() {
    const std::scoped_lock lock(mutex_);
    return failure_;
  }

 private:
  static constexpr std::int64_t kSmall = 4096;  ///< numbers

  /// Few numbers: every rank adds up all of them, in the order of ranks, from copies: one barrier
  /// instead of three. The copies of two sums alternate, so that nobody writes what others still
  /// read: who comes to the sum after the next has left the next, and so have all left this one.
  void sum_small(int replica, const torch::Tensor& tensor) {
    Copies& copies = copies_[static_cast<std::size_t>(replica)];
    const std::size_t turn = copies.turn;
    copies.turn = 1 - turn;
    copies.of_turn[turn] = tensor.clone();
    barrier();
    const torch::Tensor& first = copies_.front().of_turn[turn];
    for (const Copies& other : copies_) check_sizes(other.of_turn[turn], first);
    tensor.copy_(first);
    for (std::size_t rank = 1; rank < copies_.size(); ++rank) {
      tensor.add_(copies_[rank].of_turn[turn]);
    }
  }

  static void check_sizes(const torch::Tensor& mine, const torch::Tensor& first) {
    if (mine.is_contiguous() && mine.is_cpu() && mine.numel() == first.numel() &&
        mine.scalar_type() == first.scalar_type()) {
      return;
    }
    throw std::invalid_argument("the replicas' tensors differ in size or type, or are not plain");
  }

  struct Copies {
    std::size_t turn = 0;  ///< of the next sum
    torch::Tensor of_turn[2];
  };

  Collective* processes_;
  std::vector<Copies> copies_;          ///< one a replica
  std::vector<torch::Tensor> tensors_;  ///< one a replica, what they sum right now
  std::mutex mutex_;
  std::condition_variable all_came_;
  int num_came_ = 0;
  std::uint64_t number_ = 0;
  std::exception_ptr failure_;
};

class ReplicaGroup::Member : public Collective {
 public:
  Member(Rendezvous& rendezvous, int replica) : rendezvous_(rendezvous), replica_(replica) {}

  int rank() const override {
    const Collective* processes = rendezvous_.processes();
    return (processes == nullptr ? 0 : processes->rank() * rendezvous_.size()) + replica_;
  }
  int size() const override {
    const Collective* processes = rendezvous_.processes();
    return rendezvous_.size() * (processes == nullptr ? 1 : processes->size());
  }
  void all_reduce(torch::Tensor tensor) override {
    const torch::NoGradGuard no_grad;
    rendezvous_.all_reduce(replica_, tensor);
  }
  void fail(const std::string& why) override {
    rendezvous_.fail(std::make_exception_ptr(Error(why)));
  }
  [[noreturn]] void throw_failure() override {
    if (const std::exception_ptr failure = rendezvous_.failure()) std::rethrow_exception(failure);
    throw Error("another replica has failed");
  }

 private:
  Rendezvous& rendezvous_;
  int replica_;
};

ReplicaGroup::ReplicaGroup(int size, Collective* processes)
    : rendezvous_(std::make_unique<Rendezvous>(size, processes)) {
  if (size < 1) throw std::invalid_argument("a team has at least one member");
  for (int replica = 0; replica < size; ++replica) {
    members_.push_back(std::make_unique<Member>(*rendezvous_, replica));
  }
}

ReplicaGroup::~ReplicaGroup() = default;

int ReplicaGroup::size() const { return rendezvous_->size(); }

Collective& ReplicaGroup::member(int replica) {
  return *members_.at(static_cast<std::size_t>(replica));
}

void ReplicaGroup::barrier() { rendezvous_->barrier(); }

void ReplicaGroup::run(const std::function<void(int)>& work) {
  std::exception_ptr of_first;
  const auto guarded = [&](int replica) {
    try {
      work(replica);
    } catch (...) {  // carried over to the calling thread below
      if (replica == 0) of_first = std::current_exception();
      rendezvous_->fail(std::current_exception());
    }
  };
  std::vector<std::thread> threads;
  for (int replica = 1; replica < size(); ++replica) threads.emplace_back(guarded, replica);
  guarded(0);
  for (std::thread& thread : threads) thread.join();
  // Where all notice the same, such as a loss that is not finite, the first member knows most.
  if (of_first) std::rethrow_exception(of_first);
  if (const std::exception_ptr failure = rendezvous_->failure()) std::rethrow_exception(failure);
}

}  // namespace mer
