#include "mer/config/classic_options.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

bool ClassicOptions::sees(std::string_view block) const {
  return std::find(song_vector.begin(), song_vector.end(), block) != song_vector.end();
}

void ClassicOptions::visit(OptionsVisitor& v) {
  v.field("song_vector", song_vector,
          "what a row holds, side by side: statistics, descriptors, embeddings");
  v.choice("song_vector_over", song_vector_over,
           {{"song", Over::kSong}, {"segment", Over::kSegment}},
           "one row of numbers for each song or for each segment");
  v.field("cut_lengths_s", cut_lengths_s, between(0.1, 3600),
          "also learn a part of each training song of each of these lengths, in seconds, at a "
          "random place");
  v.field("percentiles", percentiles, between(0, 100),
          "percentiles of each column, beside mean, deviation, skewness and mean absolute change");
  v.field("inner_folds", inner_folds, between(2, 100),
          "folds of the training songs, by group, that choose among several values");
}

void ClassicOptions::validate() const {
  const std::vector<std::string> blocks = {"statistics", "descriptors", "embeddings"};
  if (song_vector.empty()) {
    throw UsageError("'song_vector' is an empty list", "allowed: " + join(blocks, ", "));
  }
  require_ordered_words("song_vector", song_vector, blocks);
}

namespace {

struct OwnSection {
  ModelOptions& system;

  void visit(OptionsVisitor& v) { system.visit_options(v); }
  void validate() const { system.validate_options(); }
};

}  // namespace

void ClassicSection::visit(OptionsVisitor& v) {
  options.visit(v);
  OwnSection own{system};
  v.section(system.name, own);
  v.lacks_options_of_others(system.name, "model.name", [this] { return system.kinds().names(); });
}

}  // namespace mer
