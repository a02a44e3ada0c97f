#include "ensemble_tree.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/ensemble_card.hpp"

namespace mer {

EnsembleTree EnsembleTree::of_equals(std::vector<EnsembleTree> members) {
  if (members.size() == 1) return std::move(members.front());
  EnsembleTree all;
  all.ensemble = Ensemble::of_equals(members.size());
  all.members = std::move(members);
  return all;
}

std::vector<double> EnsembleTree::answer(const ProbabilityRows& systems) const {
  if (members.empty()) return systems.at(system);
  ProbabilityRows of_members;
  for (const EnsembleTree& member : members) of_members.push_back(member.answer(systems));
  return ensemble.answer(of_members);
}

void EnsembleTree::add_weights(std::vector<double>& weights, double own) const {
  if (members.empty()) weights.at(system) += own;
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].add_weights(weights, own * ensemble.weights[i]);
  }
}

EnsembleTree load_systems(const TensorFile& file, const std::string& device,
                          const std::function<std::size_t(std::unique_ptr<TrainedSystem>)>& add) {
  EnsembleTree tree;
  if (!EnsembleCard::is_in(file)) {
    tree.system = add(TrainedSystem::load(file, device));
    return tree;
  }
  const EnsembleCard card = EnsembleCard::read(file);
  tree.ensemble = {card.weights, card.calibration.temperature};
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
    tree.members.push_back(load_systems(member, device, add));
  }
  return tree;
}

}  // namespace mer
