#include "mer/distributed/collective.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "mer/core/error.hpp"

namespace mer {
namespace {

class Done : public Collective::Pending {
 public:
  void wait() override {}
};

/// Lets a thread end early and waits for it.
class Joined {
 public:
  Joined(std::thread thread, std::atomic<bool>& give_up)
      : thread_(std::move(thread)), give_up_(give_up) {}
  ~Joined() {
    give_up_ = true;
    thread_.join();
  }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

 private:
  std::thread thread_;
  std::atomic<bool>& give_up_;
};

constexpr std::chrono::milliseconds kBetweenMeetings{500};

}  // namespace

std::unique_ptr<Collective::Pending> Collective::all_reduce_async(torch::Tensor tensor) {
  all_reduce(std::move(tensor));
  return std::make_unique<Done>();
}

std::vector<double> all_gather(Collective& collective, double value) {
  const torch::Tensor values = torch::zeros({collective.size()}, torch::kDouble);
  auto* data = values.data_ptr<double>();
  data[collective.rank()] = value;
  collective.all_reduce(values);
  return {data, data + collective.size()};
}

void run_beside_barriers(Collective* collective,
                         const std::function<void(const std::function<bool()>&)>& work) {
  std::atomic<bool> give_up{false};
  const auto gives_up = [&] { return give_up.load(); };
  if (collective == nullptr) return work(gives_up);

  std::mutex mutex;
  std::condition_variable ended;
  enum State { kWorking, kDone, kStopped, kBroken, kNumStates } state = kWorking;
  std::exception_ptr failure;
  const Joined thread(std::thread([&] {
                        State end = kDone;
                        std::exception_ptr error;
                        try {
                          work(gives_up);
                        } catch (const Interrupted&) {
                          end = kStopped;
                          error = std::current_exception();
                        } catch (const std::exception&) {
                          end = kBroken;
                          error = std::current_exception();
                        }
                        const std::scoped_lock lock(mutex);
                        state = end;
                        failure = error;
                        ended.notify_all();
                      }),
                      give_up);
  for (;;) {
    torch::Tensor counts = torch::zeros({kNumStates}, torch::kDouble);
    auto* count = counts.data_ptr<double>();
    State mine = kWorking;
    {
      std::unique_lock lock(mutex);
      ended.wait_for(lock, kBetweenMeetings, [&] { return state != kWorking; });
      mine = state;
      if (mine == kBroken) {
        try {
          std::rethrow_exception(failure);
        } catch (const std::exception& error) {
          collective->fail(error.what());
        }
      }
    }
    count[mine] = 1.0;
    try {
      collective->all_reduce(counts);
    } catch (const std::exception&) {
      if (mine == kBroken) std::rethrow_exception(failure);  // the others have gone already
      throw;
    }
    if (count[kBroken] + count[kStopped] > 0.0) {
      if (mine == kBroken || mine == kStopped) std::rethrow_exception(failure);
      if (count[kBroken] > 0.0) collective->throw_failure();
      throw Interrupted("interrupted, because another process was", "the same command goes on");
    }
    if (count[kWorking] == 0.0) return;
  }
}

}  // namespace mer
