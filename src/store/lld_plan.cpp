#include "mer/store/lld_plan.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr const char* kMfcc = "mfcc";
constexpr const char* kResidualPhase = "residual_phase";
constexpr const char* kSpectrogram = "spectrogram";
constexpr const char* kPitch = "pitch";

[[noreturn]] void cannot_combine(const std::string& why) {
  throw UsageError("combine: " + why, "combine: concat works with any features");
}

/// The groups that a family of descriptors is made of.
std::vector<std::string> groups_of_family(const std::string& name) {
  if (name == kPitch) return {"f0", "voicing"};
  return {name};
}

bool has_group(const FeatureLayout& layout, const std::string& name) {
  return std::any_of(layout.lld.begin(), layout.lld.end(),
                     [&](const ColumnGroup& group) { return group.name == name; });
}

/// @throws UsageError for a name that nothing has
void check_names(const FeatureLayout& layout, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const ColumnGroup& group : layout.lld) known.push_back(group.name);
  for (const char* name : {kPitch, kSpectrogram}) known.emplace_back(name);
  for (const std::string& name : names) {
    const std::vector<std::string> groups = groups_of_family(name);
    const bool is_known = name == kSpectrogram ||
                          std::any_of(groups.begin(), groups.end(), [&](const std::string& group) {
                            return has_group(layout, group);
                          });
    if (is_known) continue;
    const auto nearest = nearest_word(name, known);
    throw UsageError(
        "inputs.leave_out: there are no descriptors '" + name + "', known: " + join(known, ", "),
        nearest ? "did you mean '" + *nearest + "'?" : "");
  }
}

/// The layout's groups that are not left out.
std::vector<ColumnGroup> kept_groups(const FeatureLayout& layout, const InputOptions& options) {
  check_names(layout, options.leave_out);
  std::vector<std::string> left_out;
  for (const std::string& name : options.leave_out) {
    for (std::string& group : groups_of_family(name)) left_out.push_back(std::move(group));
  }
  std::vector<ColumnGroup> kept;
  std::copy_if(layout.lld.begin(), layout.lld.end(), std::back_inserter(kept),
               [&](const ColumnGroup& group) {
                 return std::find(left_out.begin(), left_out.end(), group.name) == left_out.end();
               });
  return kept;
}

/// Puts blocks beside each other.
class BranchMaker {
 public:
  explicit BranchMaker(const std::vector<ColumnGroup>& groups) : groups_(groups) {}

  const ColumnGroup* find(const std::string& name) const {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const ColumnGroup& group) { return group.name == name; });
    return found == groups_.end() ? nullptr : &*found;
  }
  void append(const ColumnGroup& group, float gain) {
    branch_.push_back({group.name, group.first_column, width_, group.num_columns, gain, false});
    width_ += group.num_columns;
  }
  /// Adds to the columns that the branch begins with.
  void add_to_first(const ColumnGroup& group, float gain) {
    branch_.push_back({group.name, group.first_column, 0, group.num_columns, gain, true});
  }
  /// All but MFCC and residual phase.
  void append_rest() {
    for (const ColumnGroup& group : groups_) {
      if (group.name != kMfcc && group.name != kResidualPhase) append(group, 1.0F);
    }
  }
  const LldPlan::Branch& branch() const { return branch_; }
  int width() const { return width_; }

 private:
  const std::vector<ColumnGroup>& groups_;
  LldPlan::Branch branch_;
  int width_ = 0;
};

void require_both(const FeatureLayout& layout) {
  if (!has_group(layout, kMfcc) || !has_group(layout, kResidualPhase)) {
    cannot_combine("sum and score need both MFCC and residual phase among the features");
  }
  const int mfcc = layout.group(kMfcc).num_columns;
  const int phase = layout.group(kResidualPhase).num_columns;
  if (mfcc != phase) {
    cannot_combine("sum and score need as many MFCC (" + std::to_string(mfcc) +
                   ") as residual phase coefficients (" + std::to_string(phase) + ")");
  }
}

LldPlan mfcc_alone(const std::vector<ColumnGroup>& groups) {
  BranchMaker maker(groups);
  const ColumnGroup* mfcc = maker.find(kMfcc);
  if (mfcc == nullptr) {
    throw UsageError("the network looks at MFCC alone, and the features have none",
                     "take features with MFCC, don't leave them out, or take another model.name");
  }
  maker.append(*mfcc, 1.0F);
  return {{maker.branch()}, maker.width()};
}

}  // namespace

LldPlan LldPlan::make(const FeatureLayout& layout, const InputOptions& options,
                      InputParts::Lld wanted) {
  using Combine = InputOptions::Combine;
  const std::vector<ColumnGroup> groups = kept_groups(layout, options);
  if (wanted == InputParts::Lld::kNone) return {};
  if (wanted == InputParts::Lld::kMfcc) return mfcc_alone(groups);
  if (options.combine != Combine::kConcat) require_both(layout);
  BranchMaker maker(groups);
  const ColumnGroup* mfcc = maker.find(kMfcc);
  const ColumnGroup* phase = maker.find(kResidualPhase);
  const bool both = mfcc != nullptr && phase != nullptr;
  const auto weight = static_cast<float>(options.mfcc_weight);

  LldPlan plan;
  // A weight between two says nothing when there is only one.
  if (!both) {
    if (mfcc != nullptr) maker.append(*mfcc, 1.0F);
    if (phase != nullptr) maker.append(*phase, 1.0F);
  } else if (options.combine == Combine::kConcat) {
    maker.append(*mfcc, weight);
    maker.append(*phase, 1.0F - weight);
  } else if (options.combine == Combine::kSum) {
    maker.append(*mfcc, weight);
    maker.add_to_first(*phase, 1.0F - weight);
  } else {
    maker.append(*mfcc, 1.0F);
  }
  maker.append_rest();
  plan.width = maker.width();
  if (!maker.branch().empty()) plan.branches.push_back(maker.branch());
  if (both && options.combine == Combine::kLateFusion) {
    plan.branches.push_back(maker.branch());
    plan.branches.back().front().group = kResidualPhase;
    plan.branches.back().front().source = phase->first_column;
  }
  return plan;
}

const LldPlan::Block* LldPlan::find(const std::string& group) const {
  if (branches.empty()) return nullptr;
  const Branch& first = branches.front();
  const auto found = std::find_if(first.begin(), first.end(),
                                  [&](const Block& block) { return block.group == group; });
  return found == first.end() ? nullptr : &*found;
}

bool leaves_out_spectrogram(const InputOptions& options) {
  return std::find(options.leave_out.begin(), options.leave_out.end(), kSpectrogram) !=
         options.leave_out.end();
}

}  // namespace mer
