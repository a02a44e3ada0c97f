#include "joined_opinion.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/ensemble_card.hpp"

namespace mer {

JoinedOpinion JoinedOpinion::of_all(std::vector<JoinedOpinion> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  JoinedOpinion all;
  all.weights.assign(parts.size(), 1.0 / static_cast<double>(parts.size()));
  all.parts = std::move(parts);
  return all;
}

std::vector<double> JoinedOpinion::from(const ProbabilityRows& systems) const {
  if (parts.empty()) return systems.at(system);
  ProbabilityRows opinions;
  for (const JoinedOpinion& part : parts) opinions.push_back(part.from(systems));
  return with_temperature(join_opinions(opinions, weights), temperature);
}

JoinedOpinion load_systems(const TensorFile& file, const std::string& device,
                           const std::function<std::size_t(std::unique_ptr<TrainedSystem>)>& add) {
  JoinedOpinion opinion;
  if (!EnsembleCard::is_in(file)) {
    opinion.system = add(TrainedSystem::load(file, device));
    return opinion;
  }
  const EnsembleCard card = EnsembleCard::read(file);
  opinion.weights = card.weights;
  opinion.temperature = card.calibration.temperature;
  for (std::size_t i = 0; i < card.members.size(); ++i) {
    const TensorFile member = file.part(member_name(i), card.members[i]);
    const std::vector<std::string> classes = EnsembleCard::is_in(member)
                                                 ? EnsembleCard::read(member).classes
                                                 : ModelCard::read(member).classes;
    if (classes != card.classes) {
      throw UsageError(file.path().string() + ": not a usable model: its classes are " +
                           join(card.classes, ", ") + ", those of " + member_name(i) + " are " +
                           join(classes, ", "),
                       "models that answer together need the same classes in the same order");
    }
    opinion.parts.push_back(load_systems(member, device, add));
  }
  return opinion;
}

}  // namespace mer
