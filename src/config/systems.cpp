#include "mer/config/classic/decision_tree.hpp"
#include "mer/config/classic/knn.hpp"
#include "mer/config/classic/mlp.hpp"
#include "mer/config/classic/random_forest.hpp"
#include "mer/config/classic/svm.hpp"
#include "mer/config/classic/va_regression.hpp"
#include "mer/config/model_options.hpp"
#include "mer/config/networks/cnn.hpp"
#include "mer/config/networks/crnn.hpp"
#include "mer/config/networks/drnn.hpp"
#include "mer/config/networks/improved_cnn.hpp"
#include "mer/config/networks/light_cnn.hpp"
#include "mer/config/networks/lld_bilstm.hpp"
#include "mer/config/networks/musicnn.hpp"
#include "mer/config/networks/vgg_tagger.hpp"

namespace mer {

SystemTable builtin_systems() {
  SystemTable table;
  table.add<ImprovedCnnOptions>();
  table.add<CnnOptions>();
  table.add<LightCnnOptions>();
  table.add<CrnnOptions>();
  table.add<LldBiLstmOptions>();
  table.add<DrnnOptions>();
  table.add<MusicnnOptions>();
  table.add<VggTaggerOptions>();
  // classical systems
  table.add<SvmOptions>();
  table.add<KnnOptions>();
  table.add<DecisionTreeOptions>();
  table.add<RandomForestOptions>();
  table.add<MlpOptions>();
  table.add<VaRegressionOptions>();
  return table;
}

void ModelOptions::visit(OptionsVisitor& v) {
  v.choice("name", name, kinds().names(), kind().help + "; one of");
  if (is_network()) visit_options(v);
  v.lacks_options_of_others(name, "name", [this] { return kinds().keys(); });
}

InputParts inputs_of(const ModelOptions& options) { return options.kind().facts.reads; }

int embedding_size_of(const ModelOptions& options) {
  return options.kind().facts.embedding_size(options.options());
}

std::vector<std::string> pretrained_networks() {
  std::vector<std::string> names;
  for (const auto& [name, system] : builtin_systems()) {
    if (system.facts.is_pretrained) names.push_back(name);
  }
  return names;
}

}  // namespace mer
