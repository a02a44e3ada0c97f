#include "mer/runs/ensemble_card.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "card_reader.hpp"

namespace mer {
namespace {

constexpr const char* kFusedFormat = "mer-ensemble";

void check_weights(const CardReader& reader, const std::vector<double>& weights) {
  constexpr double kRounding = 1e-6;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const bool all_at_least_0 =
      std::all_of(weights.begin(), weights.end(), [](double weight) { return weight >= 0.0; });
  if (!all_at_least_0 || !(std::abs(sum - 1.0) < kRounding)) {
    reader.fail("the weights of its members are " + dump(weights) +
                ", they must be at least 0 and sum to 1");
  }
}

}  // namespace

std::string member_name(std::size_t index) { return "member-" + std::to_string(index + 1); }

TensorMetadata EnsembleCard::to_metadata() const {
  TensorMetadata metadata = {{"format", kFusedFormat},
                             {"schema", std::to_string(kSchema)},
                             {"mer_version", mer_version},
                             {"classes", dump(classes)},
                             {"weights", dump(weights)}};
  if (calibration.songs > 0) metadata["calibration"] = dump(to_json(calibration));
  for (std::size_t i = 0; i < members.size(); ++i) metadata[member_name(i)] = dump(members[i]);
  return metadata;
}

bool EnsembleCard::is_in(const TensorFile& file) {
  const auto format = file.metadata().find("format");
  return format != file.metadata().end() && format->second == kFusedFormat;
}

EnsembleCard EnsembleCard::read(const TensorFile& file) {
  const CardReader reader(file);
  reader.expect(kFusedFormat, kSchema);
  EnsembleCard card;
  card.mer_version = reader.text("mer_version");
  card.classes = reader.value<std::vector<std::string>>("classes");
  card.weights = reader.value<std::vector<double>>("weights");
  card.calibration = reader.calibration();
  if (card.weights.size() < 2) {
    reader.fail("it joins " + std::to_string(card.weights.size()) + " models, two are the fewest");
  }
  check_weights(reader, card.weights);
  for (std::size_t i = 0; i < card.weights.size(); ++i) {
    card.members.push_back(reader.value<TensorMetadata>(member_name(i)));
  }
  return card;
}

}  // namespace mer
