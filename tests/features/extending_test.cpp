// A feature from outside the library, as docs/extending.md tells it: one class, one line in a
// table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/features/frame_features.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct CrossingOptions {
  double level = 0.0;

  void visit(OptionsVisitor& v) {
    v.field("level", level, between(-1, 1), "what counts as crossing");
  }
};

class Crossings : public FrameFeature {
 public:
  explicit Crossings(FrameAnalysis& analysis)
      : level_(analysis.options().of<CrossingOptions>().level) {}

  int samples_before() const override { return 1; }

  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    const std::span<const double> samples = frame.samples(1);
    columns[0] = 0.0F;
    for (std::size_t n = 1; n < samples.size(); ++n) {
      if ((samples[n - 1] < level_) != (samples[n] < level_)) columns[0] += 1.0F;
    }
  }

 private:
  double level_;
};

FeatureOptions with_crossings() {
  FrameFeatureTable features = builtin_frame_features();
  features.add("crossings", {"1",
                             "-",
                             "how often the samples cross a level",
                             {{"crossings", AnyOptions::of<CrossingOptions>()}},
                             [](const FeatureOptions&) { return numbered("crossings_", 1); },
                             make_frame_feature<Crossings>});
  return features;
}

// 32 samples of 0.5, 32 of −0.5, and so on.
std::vector<float> square_wave(std::size_t num_samples) {
  std::vector<float> samples(num_samples);
  for (std::size_t n = 0; n < num_samples; ++n) samples[n] = n / 32 % 2 == 0 ? 0.5F : -0.5F;
  return samples;
}

TEST(Extending, AFrameFeatureIsOneClassAndOneLine) {
  FeatureOptions options = with_crossings();
  options.lld = {"voicing", "crossings"};
  const FeatureSet set = extract_features(square_wave(8192), options, VadOptions(), 44100);
  EXPECT_THAT(FeatureExtractor(options, 44100).layout().lld_columns,
              ElementsAre("voicing", "crossings_0"));
  EXPECT_EQ(set.lld(0, 1), 63.0F);  // zeros lie before the first sample
  EXPECT_EQ(set.lld(1, 1), 64.0F);
}

TEST(Extending, TheOptionsOfAFrameFeatureAreReadAndCheckedLikeAllOthers) {
  FeatureOptions options = with_crossings();
  ConfigDocument::parse("crossings: {level: 0.75}", "test", {}).read(options);
  const FeatureSet set = extract_features(square_wave(4096), options, VadOptions(), 44100);
  EXPECT_EQ(set.lld.rightCols(1).sum(), 0.0F);
  try {
    ConfigDocument::parse("crossings: {level: 2}", "test", {}).read(options);
    FAIL() << "2 was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("crossings.level"));
  }
}

TEST(Extending, TheBuiltinTableStaysAsItIs) {
  with_crossings();
  EXPECT_EQ(builtin_frame_features().find("crossings"), nullptr);
}

class Length : public descriptors::Family {
 public:
  void compute(const descriptors::Frames& frames, descriptors::Writer& out) const override {
    out.add("length", "s", static_cast<double>(frames.size()) / frames.per_s);
  }
};

TEST(Extending, ADescriptorFamilyIsOneClassAndOneLine) {
  DescriptorFamilyTable table = builtin_descriptors();
  table.add("length", {"-", "how long it lasts", true, {}, [](const auto&, const auto&) {
                         return std::make_unique<Length>();
                       }});
  DescriptorOptions options = table;
  options.families = {"length", "loudness"};
  const MusicalDescriptors descriptors(options, FeatureOptions(), 44100);
  EXPECT_EQ(descriptors.descriptors()[0].name, "length");
  const FeatureSet set =
      extract_features(square_wave(1024 * 44), FeatureOptions(), VadOptions(), 44100);
  const Eigen::VectorXf values =
      descriptors.compute(set.spectrogram, set.lld, {set.energy_db.data(), 43});
  EXPECT_NEAR(values[0], 43 * 1024 / 44100.0, 1e-6);  // 43 frames, 1024 samples apart
  EXPECT_NEAR(values[1], 20.0 * std::log10(0.5), 1e-4);
}

}  // namespace
}  // namespace mer
