#include "mer/distributed/collective.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "../nn/small_network.hpp"
#include "mer/core/error.hpp"
#include "mer/distributed/processes.hpp"
#include "mer/distributed/replica_group.hpp"
#include "mer/nn/loss.hpp"
#include "ops/batch_norm.hpp"

namespace mer {
namespace {

using test::near;

constexpr double kNormEpsilon = 1e-5;

/// Rows [first, last) of `rows` that replica `replica` of `replicas` has.
torch::Tensor share_of(const torch::Tensor& whole, int replica, int replicas) {
  const std::int64_t first = whole.size(0) * replica / replicas;
  const std::int64_t last = whole.size(0) * (replica + 1) / replicas;
  return whole.slice(0, first, last).clone();
}

AllReduce over(Collective& member) {
  return [&member](const torch::Tensor& tensor) { member.all_reduce(tensor); };
}

/// Any smooth function whose gradient differs from row to row, in double.
torch::Tensor weighted_sum(const torch::Tensor& y, const torch::Tensor& weights) {
  return (y * weights).sum();
}

TEST(ReplicaGroup, SumsOverAllMembersWithTheSameBitsOnEach) {
  // 0.1 + 0.2 + 0.3 depends on the order. Few numbers, which everybody adds up, and many, which are
  // shared out, but not evenly among 3.
  for (const std::int64_t size : {7, 10007}) {
    ReplicaGroup team(3);
    std::vector<torch::Tensor> results(3);
    team.run([&](int replica) {
      torch::Tensor mine = torch::full({size}, 0.1 * (replica + 1), torch::kFloat);
      team.member(replica).all_reduce(mine);
      results[static_cast<std::size_t>(replica)] = mine;
    });
    const float expected = (0.1F + 0.2F) + 0.3F;
    for (const torch::Tensor& result : results) {
      EXPECT_TRUE(torch::equal(result, torch::full({size}, expected))) << size;
    }
  }
}

TEST(ReplicaGroup, SumsAgainAndAgainWithoutMixingTheSumsUp) {
  ReplicaGroup team(2);
  team.run([&](int replica) {
    for (int round = 0; round < 1000; ++round) {
      const std::int64_t size = round % 3 == 2 ? 5000 : 3;  // two small sums, then a large one
      const torch::Tensor mine = torch::full({size}, static_cast<double>(round), torch::kDouble);
      team.member(replica).all_reduce(mine);
      ASSERT_EQ(mine[2].item<double>(), 2.0 * round);
    }
  });
}

TEST(ReplicaGroup, MeetsWhenAllHaveCome) {
  ReplicaGroup team(3);
  std::atomic<int> came{0};
  team.run([&](int) {
    for (int round = 1; round <= 100; ++round) {
      ++came;
      team.barrier();
      ASSERT_GE(came, 3 * round);
      team.barrier();  // nobody comes again before all have looked
    }
  });
}

TEST(ReplicaGroup, GathersEveryRanksValueInTheirOrder) {
  ReplicaGroup team(3);
  team.run([&](int replica) {
    EXPECT_EQ(all_gather(team.member(replica), 10.0 + replica), (std::vector<double>{10, 11, 12}));
  });
}

TEST(ReplicaGroup, OfTeamsSumsOverAllThreadsOfAllAndCountsRanksOverThem) {
  ReplicaGroup outer(2);  // in the place of two processes
  outer.run([&](int process) {
    ReplicaGroup inner(2, &outer.member(process));
    inner.run([&](int replica) {
      Collective& member = inner.member(replica);
      EXPECT_EQ(member.size(), 4);
      EXPECT_EQ(member.rank(), 2 * process + replica);
      EXPECT_EQ(all_gather(member, member.rank()), (std::vector<double>{0, 1, 2, 3}));
    });
  });
}

TEST(ReplicaGroup, StopsWhenOneMemberThrowsAndSaysWhatItThrew) {
  ReplicaGroup team(3);
  std::atomic<int> stopped{0};
  const auto work = [&](int replica) {
    if (replica == 1) throw UsageError("the second is ill");
    try {
      team.member(replica).all_reduce(torch::zeros({1}));
    } catch (const UsageError&) {
      ++stopped;
      throw;
    }
  };
  try {
    team.run(work);
    FAIL() << "nothing was thrown";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "the second is ill");
  }
  EXPECT_EQ(stopped, 2);
}

TEST(ReplicaGroup, RefusesTensorsOfDifferentSizes) {
  for (const std::int64_t size : {2, 5000}) {
    ReplicaGroup team(2);
    EXPECT_THROW(team.run([&](int replica) {
      team.member(replica).all_reduce(torch::zeros({size + replica}));
    }),
                 std::invalid_argument)
        << size;
  }
}

/// Five maps with padding, uneven over two and three ranks.
struct Maps {
  torch::Tensor maps, valid, weight, bias, output_weights;
};

Maps example_maps(double mean) {
  torch::manual_seed(5);
  Maps e;
  e.maps = torch::randn({5, 4, 3, 8}, torch::kDouble) + mean;
  e.valid = torch::ones({5, 8});
  e.valid[0].slice(0, 5).zero_();
  e.valid[3].slice(0, 0, 6).zero_();
  e.weight = torch::rand({4}, torch::kDouble) + 0.5;
  e.bias = torch::randn({4}, torch::kDouble);
  e.output_weights = torch::randn(e.maps.sizes(), torch::kDouble);
  return e;
}

StepMask mask_of(const torch::Tensor& valid) {
  return StepMask::of(valid, valid.size(0), valid.size(1));
}

/// A norm of four channels that has seen nothing yet.
BatchNormState fresh_norm(const torch::Tensor& weight, const torch::Tensor& bias) {
  return {weight, bias, torch::zeros({4}, weight.scalar_type()),
          torch::ones({4}, weight.scalar_type()), kNormEpsilon};
}

class SharedBatch : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, SharedBatch, testing::Values(2, 3, 5));

TEST_P(SharedBatch, NormReluOfSharesIsThatOfTheWholeBatchWithItsGradients) {
  const Maps e = example_maps(0.0);
  std::vector<torch::Tensor> whole;
  for (const torch::Tensor& tensor : {e.maps, e.weight, e.bias}) {
    whole.push_back(tensor.clone().set_requires_grad(true));
  }
  BatchNormState whole_norm = fresh_norm(whole[1], whole[2]);
  const torch::Tensor expected = batch_norm_relu(whole[0], mask_of(e.valid), whole_norm, true, {});
  weighted_sum(expected, e.output_weights).backward();

  const int ranks = GetParam();
  ReplicaGroup team(ranks);
  std::vector<torch::Tensor> weight_grads(static_cast<std::size_t>(ranks));
  std::vector<torch::Tensor> bias_grads(static_cast<std::size_t>(ranks));
  team.run([&](int rank) {
    torch::Tensor maps = share_of(e.maps, rank, ranks).set_requires_grad(true);
    torch::Tensor weight = e.weight.clone().set_requires_grad(true);
    torch::Tensor bias = e.bias.clone().set_requires_grad(true);
    BatchNormState norm = fresh_norm(weight, bias);
    const torch::Tensor y = batch_norm_relu(maps, mask_of(share_of(e.valid, rank, ranks)), norm,
                                            true, over(team.member(rank)));
    EXPECT_TRUE(near(norm.running_mean, whole_norm.running_mean, 1e-12));
    EXPECT_TRUE(near(norm.running_variance, whole_norm.running_variance, 1e-12));
    EXPECT_TRUE(near(y, share_of(expected.detach(), rank, ranks), 1e-11));
    weighted_sum(y, share_of(e.output_weights, rank, ranks)).backward();
    EXPECT_TRUE(near(maps.grad(), share_of(whole[0].grad(), rank, ranks), 1e-10));
    weight_grads[static_cast<std::size_t>(rank)] = weight.grad();
    bias_grads[static_cast<std::size_t>(rank)] = bias.grad();
  });
  EXPECT_TRUE(near(torch::stack(weight_grads).sum(0), whole[1].grad(), 1e-10));
  EXPECT_TRUE(near(torch::stack(bias_grads).sum(0), whole[2].grad(), 1e-10));
}

TEST(SharedBatchNorm, GradientEqualsDifferencesOfTheWholeBatchsLoss) {
  const Maps e = example_maps(0.3);
  const auto loss_of = [&](const torch::Tensor& maps) {
    const torch::NoGradGuard no_grad;
    BatchNormState norm = fresh_norm(e.weight, e.bias);
    return weighted_sum(batch_norm_relu(maps, mask_of(e.valid), norm, true, {}), e.output_weights)
        .item<double>();
  };
  constexpr int kRanks = 2;
  ReplicaGroup team(kRanks);
  std::vector<torch::Tensor> grads(kRanks);
  team.run([&](int rank) {
    torch::Tensor maps = share_of(e.maps, rank, kRanks).set_requires_grad(true);
    BatchNormState norm = fresh_norm(e.weight, e.bias);
    const torch::Tensor y = batch_norm_relu(maps, mask_of(share_of(e.valid, rank, kRanks)), norm,
                                            true, over(team.member(rank)));
    weighted_sum(y, share_of(e.output_weights, rank, kRanks)).backward();
    grads[static_cast<std::size_t>(rank)] = maps.grad();
  });
  const torch::Tensor gradient = torch::cat(grads).contiguous();
  constexpr double kStep = 1e-6;
  for (std::int64_t i = 0; i < e.maps.numel(); i += 7) {
    torch::Tensor up = e.maps.clone();
    torch::Tensor down = e.maps.clone();
    up.view(-1)[i] += kStep;
    down.view(-1)[i] -= kStep;
    const double slope = (loss_of(up) - loss_of(down)) / (2.0 * kStep);
    EXPECT_NEAR(gradient.view(-1)[i].item<double>(), slope, 1e-6) << "element " << i;
  }
}

TEST(SharedBatchNorm, KeepsItsPrecisionFarFromZero) {
  // Means a thousand deviations from 0, in single precision.
  const Maps e = example_maps(1000.0);
  const torch::Tensor maps = e.maps.to(torch::kFloat);
  BatchNormState whole = fresh_norm(torch::ones({4}), torch::zeros({4}));
  const torch::Tensor expected = batch_norm_relu(maps, mask_of(e.valid), whole, true, {});
  ReplicaGroup team(2);
  team.run([&](int rank) {
    BatchNormState norm = fresh_norm(torch::ones({4}), torch::zeros({4}));
    const torch::Tensor y =
        batch_norm_relu(share_of(maps, rank, 2), mask_of(share_of(e.valid, rank, 2)), norm, true,
                        over(team.member(rank)));
    EXPECT_TRUE(near(norm.running_variance, whole.running_variance, 1e-6));
    // A unit in the last place is 6e-5 there, for each of the two means.
    EXPECT_TRUE(near(y, share_of(expected, rank, 2), 2e-4));
  });
}

class SharedLoss : public testing::TestWithParam<LossOptions> {};

LossOptions loss_options(const std::string& name, const std::string& more = "reduction: mean") {
  return test::of_kind<LossOptions>(name, "{tau: 0.7, label_smoothing: 0.1, " + more + "}");
}

INSTANTIATE_TEST_SUITE_P(Losses, SharedLoss,
                         testing::Values(loss_options("softmax"), loss_options("inter_center"),
                                         loss_options("inter_center", "denominator: as_printed"),
                                         loss_options("inter_center",
                                                      "reduction: sum, center_update: wen"),
                                         loss_options("center", "center_update: gradient"),
                                         loss_options("center"), loss_options("a_softmax")));

/// An output that every loss can work with.
NetworkOutput output_of(const torch::Tensor& logits, const torch::Tensor& embedding) {
  NetworkOutput output;
  output.logits = logits;
  output.embedding = embedding;
  output.angular.push_back({logits, embedding.norm(2, 1, /*keepdim=*/true)});
  return output;
}

/// All numbers of a loss, which add up over the workers.
torch::Tensor terms_of(const LossValue& value) {
  std::vector<double> terms = {value.total.item<double>(), value.softmax, value.center,
                               value.printed.softmax};
  const std::vector<double>& own = value.printed.own_distances;
  terms.insert(terms.end(), own.begin(), own.end());
  return torch::tensor(terms, torch::kDouble);
}

TEST_P(SharedLoss, SharesAddUpToTheWholeBatchsLossGradientsAndCenters) {
  constexpr int kRows = 7, kClasses = 4, kSize = 5, kRanks = 3;
  torch::manual_seed(11);
  const torch::Tensor logits = 0.3 * torch::randn({kRows, kClasses});  // shorter than embeddings
  const torch::Tensor embedding = torch::randn({kRows, kSize});
  const torch::Tensor targets = torch::softmax(torch::randn({kRows, kClasses}), 1);
  const auto leaf = [](const torch::Tensor& x) { return x.clone().set_requires_grad(true); };

  const auto whole = make_loss(GetParam(), kClasses, kSize, 3);
  const NetworkOutput output = output_of(leaf(logits), leaf(embedding));
  const LossValue expected = whole->forward(output, targets);
  expected.total.backward();
  whole->update_centers(embedding, targets);

  ReplicaGroup team(kRanks);
  team.run([&](int rank) {
    Collective& member = team.member(rank);
    const auto loss = make_loss(GetParam(), kClasses, kSize, 3);
    loss->share_batch(over(member), kRows);
    const NetworkOutput mine =
        output_of(leaf(share_of(logits, rank, kRanks)), leaf(share_of(embedding, rank, kRanks)));
    const torch::Tensor my_targets = share_of(targets, rank, kRanks);
    const LossValue value = loss->forward(mine, my_targets);
    torch::Tensor sums = terms_of(value);
    member.all_reduce(sums);
    EXPECT_TRUE(near(sums, terms_of(expected), 1e-6));
    value.total.backward();
    EXPECT_TRUE(near(mine.logits.grad(), share_of(output.logits.grad(), rank, kRanks)));
    loss->update_centers(mine.embedding.detach(), my_targets);
    for (const auto& center : whole->named_buffers()) {
      EXPECT_TRUE(near(loss->named_buffers()[center.key()], center.value()));
    }
    for (const auto& center : whole->named_parameters()) {
      torch::Tensor gradient = loss->named_parameters()[center.key()].grad().clone();
      member.all_reduce(gradient);
      EXPECT_TRUE(near(gradient, center.value().grad()));
    }
  });
}

TEST(WorkSideBySide, AloneJustWorks) {
  int calls = 0;
  run_beside_barriers(nullptr, [&](const auto& give_up) {
    EXPECT_FALSE(give_up());
    ++calls;
  });
  EXPECT_EQ(calls, 1);
}

TEST(WorkSideBySide, WaitsUntilTheSlowestHasDoneItsWork) {
  ReplicaGroup team(2);
  std::atomic<bool> slow_done{false};
  team.run([&](int rank) {
    run_beside_barriers(&team.member(rank), [&](const auto&) {
      if (rank == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      slow_done = true;
    });
    EXPECT_TRUE(slow_done);
  });
}

TEST(WorkSideBySide, TellsEveryoneToGiveUpWhenOneFails) {
  ReplicaGroup team(2);
  std::atomic<bool> gave_up{false};
  EXPECT_THROW(team.run([&](int rank) {
    run_beside_barriers(&team.member(rank), [&](const auto& give_up) {
      if (rank == 0) throw UsageError("no songs");
      while (!give_up()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      gave_up = true;
    });
  }),
               Error);
  EXPECT_TRUE(gave_up);
}

TEST(WorkSideBySide, InterruptsEveryoneWhenOneIsInterrupted) {
  ReplicaGroup team(2);
  std::atomic<int> interrupted{0};
  team.run([&](int rank) {
    try {
      run_beside_barriers(&team.member(rank), [&](const auto& give_up) {
        if (rank == 0) throw Interrupted("stopped by the user");
        while (!give_up()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      });
    } catch (const Interrupted&) {
      ++interrupted;
    }
  });
  EXPECT_EQ(interrupted, 2);
}

TEST(Processes, RefuseAPlaceThatMakesNoSense) {
  const auto message_of_place = [](const ProcessPlace& place) -> std::string {
    try {
      join_processes(place);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "joined";
  };
  ProcessPlace place;
  place.rank = 2;
  place.size = 2;
  EXPECT_EQ(message_of_place(place), "process 2 of 2: ranks count from 0 to one less than all");
  place.rank = 0;
  place.master_port = 70000;
  EXPECT_EQ(message_of_place(place), "port 70000, allowed: 1…65535");
}

}  // namespace
}  // namespace mer
