#include <gtest/gtest.h>
#include <torch/torch.h>

namespace {

// Idle threads of GNU OpenMP spin: a small recurrent network takes many times longer with two.
class OneThread : public testing::Environment {
 public:
  void SetUp() override { torch::set_num_threads(1); }
};

[[maybe_unused]] const testing::Environment* const kOneThread =
    testing::AddGlobalTestEnvironment(new OneThread);

}  // namespace
