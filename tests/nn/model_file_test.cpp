#include "mer/nn/model_file.hpp"

#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/nn/loss.hpp"
#include "mer/nn/network_input.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::message_of;
using test::random_input;
using test::small_options;
using test::small_shape;
using test::TemporaryFolder;

std::filesystem::path write_module(const TemporaryFolder& folder, const torch::nn::Module& module,
                                   const std::string& prefix, const TensorView* extra = nullptr) {
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(module, prefix, tensors, keep_alive);
  if (extra != nullptr) tensors.emplace_back(prefix + ".extra", *extra);
  write_tensor_file(folder / "model.safetensors", tensors, {});
  return folder / "model.safetensors";
}

class SavedVariant : public testing::TestWithParam<test::Variant> {};

TEST_P(SavedVariant, SaysTheSameAfterSavingAndLoading) {
  const auto& [name, options, shape] = GetParam();
  const auto trained = make_network(options, shape, 1);
  trained->forward(random_input(shape, 4, 2));  // running statistics must travel too
  const TemporaryFolder folder;
  const TensorFile file = TensorFile::open(write_module(folder, *trained, "network"));

  const auto loaded = make_network(options, shape, 99);
  const NetworkInput input = random_input(shape, 3, 1);
  EXPECT_FALSE(torch::equal(evaluate(*loaded, input).logits, evaluate(*trained, input).logits));
  load_module_from(*loaded, "network", file);
  EXPECT_TRUE(torch::equal(evaluate(*loaded, input).logits, evaluate(*trained, input).logits));
}

INSTANTIATE_TEST_SUITE_P(Variants, SavedVariant, testing::ValuesIn(test::variants()),
                         [](const auto& variant) { return variant.param.name; });

TEST(ModelFile, HoldsCentersOfBothKinds) {
  for (const std::string update : {"wen", "gradient"}) {
    const auto options = test::of_kind<LossOptions>("center", "center_update: " + update);
    const TemporaryFolder folder;
    const auto file = write_module(folder, *make_loss(options, 3, 4, 1), "loss");
    EXPECT_EQ(TensorFile::open(file).at("loss.centers").shape, (std::vector<std::int64_t>{3, 4}));
  }
}

TEST(ModelFile, NamesTheTensorThatIsMissing) {
  const TemporaryFolder folder;
  const auto path = write_module(folder, torch::nn::LinearImpl(2, 3), "network.other");
  torch::nn::Linear wanted(2, 3);
  EXPECT_EQ(
      message_of<UsageError>([&] { load_module_from(*wanted, "network", TensorFile::open(path)); }),
      path.string() +
          ": tensor 'network.weight' is missing | weights and options of the model don't "
          "belong together: take a model file as it was written");
}

TEST(ModelFile, NamesTheTensorOfAnotherShapeAndBothShapes) {
  const TemporaryFolder folder;
  const auto path = write_module(folder, torch::nn::LinearImpl(2, 3), "network");
  torch::nn::Linear wanted(4, 3);
  const std::string message =
      message_of<UsageError>([&] { load_module_from(*wanted, "network", TensorFile::open(path)); });
  EXPECT_NE(message.find("tensor 'network.weight' has shape [3, 2], the network wants [3, 4]"),
            std::string::npos)
      << message;
}

TEST(ModelFile, NamesTheTensorOfAnotherElementType) {
  const TemporaryFolder folder;
  torch::nn::Linear doubles(2, 3);
  doubles->to(torch::kDouble);
  const auto path = write_module(folder, *doubles, "network");
  torch::nn::Linear wanted(2, 3);
  const std::string message =
      message_of<UsageError>([&] { load_module_from(*wanted, "network", TensorFile::open(path)); });
  EXPECT_NE(message.find("'network.weight' has another element type"), std::string::npos)
      << message;
}

TEST(ModelFile, NamesTheTensorThatIsLeftOverUnderThePrefix) {
  const TemporaryFolder folder;
  const std::vector<float> one = {1.0F};
  const TensorView extra = view_of(std::span<const float>(one), {1});
  const auto path = write_module(folder, torch::nn::LinearImpl(2, 3), "network", &extra);
  torch::nn::Linear wanted(2, 3);
  const std::string message =
      message_of<UsageError>([&] { load_module_from(*wanted, "network", TensorFile::open(path)); });
  EXPECT_NE(message.find("tensor 'network.extra' is left over"), std::string::npos) << message;
}

TEST(ModelFile, LeavesOtherPrefixesAlone) {
  const TemporaryFolder folder;
  torch::nn::Linear saved(2, 3);
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(*saved, "network", tensors, keep_alive);
  add_module_to(*make_loss(LossOptions{}, 3, 4, 1), "networks", tensors, keep_alive);
  write_tensor_file(folder / "model.safetensors", tensors, {});
  torch::nn::Linear loaded(2, 3);
  load_module_from(*loaded, "network", TensorFile::open(folder / "model.safetensors"));
  EXPECT_TRUE(torch::equal(loaded->weight, saved->weight));
}

TEST(ToTorch, CopiesEveryElementType) {
  const std::vector<std::int64_t> longs = {1, -2, 3, 4};
  const torch::Tensor tensor = to_torch(view_of(std::span<const std::int64_t>(longs), {2, 2}));
  EXPECT_TRUE(torch::equal(tensor, torch::tensor({{1, -2}, {3, 4}}, torch::kLong)));
  const std::vector<double> doubles = {0.5};
  EXPECT_EQ(to_torch(view_of(std::span<const double>(doubles), {})).item<double>(), 0.5);
  const std::vector<float> nothing;
  EXPECT_EQ(to_torch(view_of(std::span<const float>(nothing), {0, 3})).sizes(),
            (std::vector<std::int64_t>{0, 3}));
}

}  // namespace
}  // namespace mer
