#pragma once

#include <string>
#include <vector>

#include "mer/config/input_options.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// Which columns of the LLD matrix a system sees, where and with which weight: what
/// InputOptions::combine, mfcc_weight and leave_out come to for a layout.
struct LldPlan {
  /// Columns of a group that become columns of a branch, times `gain`.
  struct Block {
    std::string group;
    int source = 0;  ///< first column in the feature file
    int target = 0;  ///< first column in the branch
    int width = 0;
    float gain = 1.0F;
    bool adds = false;  ///< to what an earlier block has put there
  };
  using Branch = std::vector<Block>;

  std::vector<Branch> branches;  ///< two for combine: score; none when no group is wanted
  int width = 0;                 ///< columns of each branch

  /// @throws UsageError for a name in leave_out that is no group (listing them) and for groups that
  ///         can't be combined
  /// @param wanted  all groups, or the MFCC alone, whatever `combine` says
  static LldPlan make(const FeatureLayout& layout, const InputOptions& options,
                      InputParts::Lld wanted = InputParts::Lld::kAll);

  /// The block of a group in the first branch, e.g. "mfcc"; null when the plan has none.
  const Block* find(const std::string& group) const;
};

/// Whether leave_out names the spectrogram.
bool leaves_out_spectrogram(const InputOptions& options);

}  // namespace mer
