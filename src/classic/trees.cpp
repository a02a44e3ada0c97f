#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/ml.hpp>

#include "inner_folds.hpp"
#include "mer/config/classic/decision_tree.hpp"
#include "mer/config/classic/random_forest.hpp"
#include "mer/core/random.hpp"
#include "systems.hpp"

// OpenCV grows the trees. They are kept in vectors of our own, because OpenCV can't read a damaged
// file without harm, and because its leaves have no probabilities.

namespace mer {
namespace {

/// A question or a leaf. Children come after their parent.
struct TreeNode {
  int column = -1;         ///< −1 = a leaf
  float threshold = 0.0F;  ///< at most this goes left
  int left = 0, right = 0;
};

/// Trees whose leaves' class probabilities are averaged; one tree is a decision tree.
class Trees : public TableClassifier {
 public:
  struct Parts {
    std::vector<TreeNode> nodes;
    std::vector<int> roots;
    std::vector<float> probabilities;  ///< [nodes, classes]; of leaves
    int num_classes = 0;
  };

  explicit Trees(Parts parts) : parts_(std::move(parts)) {}

  static int leaf_of(const std::vector<TreeNode>& nodes, int node, const Row& row) {
    while (nodes[static_cast<std::size_t>(node)].column >= 0) {
      const TreeNode& question = nodes[static_cast<std::size_t>(node)];
      node = row(question.column) <= question.threshold ? question.left : question.right;
    }
    return node;
  }

  TableAnswer answer(const Row& row) const override {
    TableAnswer answer;
    answer.probabilities.assign(static_cast<std::size_t>(parts_.num_classes), 0.0);
    for (const int root : parts_.roots) {
      const auto leaf = static_cast<std::size_t>(leaf_of(parts_.nodes, root, row));
      for (std::size_t c = 0; c < answer.probabilities.size(); ++c) {
        answer.probabilities[c] += parts_.probabilities[leaf * answer.probabilities.size() + c];
      }
    }
    double sum = 0.0;
    for (const double p : answer.probabilities) sum += p;
    for (double& p : answer.probabilities) p /= sum;
    return answer;
  }

  void add_to(OwnedTensors& tensors) const override {
    std::vector<std::int64_t> questions;
    std::vector<float> thresholds;
    for (const TreeNode& node : parts_.nodes) {
      questions.insert(questions.end(), {node.column, node.left, node.right});
      thresholds.push_back(node.threshold);
    }
    const auto num_nodes = static_cast<std::int64_t>(parts_.nodes.size());
    tensors.add("questions", {num_nodes, 3}, std::span<const std::int64_t>(questions));
    tensors.add("thresholds", thresholds);
    tensors.add("roots", std::vector<std::int64_t>(parts_.roots.begin(), parts_.roots.end()));
    tensors.add("probabilities", {num_nodes, parts_.num_classes},
                std::span<const float>(parts_.probabilities));
  }

 private:
  Parts parts_;
};

/// Copies a tree depth first, so that children come after their parent.
int copy_tree(const cv::ml::DTrees& trees, int from, Trees::Parts& parts) {
  const cv::ml::DTrees::Node& node = trees.getNodes()[static_cast<std::size_t>(from)];
  const auto place = parts.nodes.size();
  parts.nodes.emplace_back();
  parts.probabilities.resize(parts.nodes.size() * static_cast<std::size_t>(parts.num_classes),
                             0.0F);
  if (node.split < 0 || node.left < 0) {
    const auto voted = static_cast<std::size_t>(std::lround(node.value));
    parts.probabilities[place * static_cast<std::size_t>(parts.num_classes) + voted] = 1.0F;
    return static_cast<int>(place);
  }
  const cv::ml::DTrees::Split& split = trees.getSplits()[static_cast<std::size_t>(node.split)];
  TreeNode question;
  question.column = split.varIdx;
  question.threshold = split.c;
  question.left = copy_tree(trees, split.inversed ? node.right : node.left, parts);
  question.right = copy_tree(trees, split.inversed ? node.left : node.right, parts);
  parts.nodes[place] = question;
  return static_cast<int>(place);
}

cv::Ptr<cv::ml::TrainData> as_opencv(const TrainingTable& table) {
  // OpenCV copies nothing and doesn't write to its samples.
  const cv::Mat samples(static_cast<int>(table.num_rows()), static_cast<int>(table.inputs.cols()),
                        CV_32F, const_cast<float*>(table.inputs.data()));
  const cv::Mat responses(table.classes, true);
  return cv::ml::TrainData::create(samples, cv::ml::ROW_SAMPLE, responses);
}

/// Every leaf votes for its most frequent class.
Trees::Parts grow(cv::ml::DTrees& trees, const TrainingTable& table, int max_depth, int min_rows) {
  trees.setMaxDepth(max_depth);
  trees.setMinSampleCount(min_rows);
  trees.setCVFolds(0);  // its folds would divide groups
  trees.setUseSurrogates(false);
  trees.setTruncatePrunedTree(false);
  trees.train(as_opencv(table));
  Trees::Parts parts;
  parts.num_classes = table.num_classes();
  for (const int root : trees.getRoots()) parts.roots.push_back(copy_tree(trees, root, parts));
  return parts;
}

/// Leaves get the shares of their training rows, each class with one row more (Laplace).
void count_leaves(const TrainingTable& table, Trees::Parts& parts) {
  const auto num_classes = static_cast<std::size_t>(parts.num_classes);
  parts.probabilities.assign(parts.nodes.size() * num_classes, 1.0F);
  for (Eigen::Index row = 0; row < table.num_rows(); ++row) {
    const int leaf = Trees::leaf_of(parts.nodes, parts.roots.front(), table.inputs.row(row));
    const int truth = table.classes[static_cast<std::size_t>(row)];
    parts.probabilities[static_cast<std::size_t>(leaf) * num_classes +
                        static_cast<std::size_t>(truth)] += 1.0F;
  }
  for (std::size_t node = 0; node < parts.nodes.size(); ++node) {
    const auto begin =
        parts.probabilities.begin() + static_cast<std::ptrdiff_t>(node * num_classes);
    float sum = 0.0F;
    for (std::size_t c = 0; c < num_classes; ++c) sum += begin[static_cast<std::ptrdiff_t>(c)];
    for (std::size_t c = 0; c < num_classes; ++c) begin[static_cast<std::ptrdiff_t>(c)] /= sum;
  }
}

std::unique_ptr<Trees> grow_decision_tree(const TrainingTable& table, double max_depth,
                                          int min_rows) {
  const auto tree = cv::ml::DTrees::create();
  Trees::Parts parts = grow(*tree, table, static_cast<int>(max_depth), min_rows);
  count_leaves(table, parts);
  return std::make_unique<Trees>(std::move(parts));
}

TrainedClassifier train_decision_tree(const ModelOptions& system, const ClassicOptions& options,
                                      const TrainingTable& table, const TrainingControl& control) {
  const auto of_tree = system.as<DecisionTreeOptions>();
  const std::size_t best = choose(
      of_tree.max_depth.size(), table, options.inner_folds, control,
      [&](std::size_t c, const auto& training, const auto& scored) {
        return count_right(
            *grow_decision_tree(table.subset(training), of_tree.max_depth[c], of_tree.min_rows),
            table, scored);
      });
  TrainedClassifier trained;
  trained.classifier = grow_decision_tree(table, of_tree.max_depth[best], of_tree.min_rows);
  trained.chosen["max_depth"] = of_tree.max_depth[best];
  return trained;
}

TrainedClassifier train_random_forest(const ModelOptions& system, const ClassicOptions&,
                                      const TrainingTable& table, const TrainingControl& control) {
  const auto of_forest = system.as<RandomForestOptions>();
  const auto forest = cv::ml::RTrees::create();
  forest->setActiveVarCount(of_forest.columns);
  forest->setTermCriteria({cv::TermCriteria::MAX_ITER, of_forest.trees, 0.0});
  // OpenCV's generator is each thread's own.
  cv::theRNG().state = mix_seed({control.seed, seed_of("forest")});
  TrainedClassifier trained;
  trained.classifier =
      std::make_unique<Trees>(grow(*forest, table, of_forest.max_depth, of_forest.min_rows));
  return trained;
}

std::unique_ptr<TableClassifier> load_trees(const ModelOptions&, const StoredTensors& tensors,
                                            int num_columns, const ClassNames& class_names) {
  Trees::Parts parts;
  parts.num_classes = static_cast<int>(class_names.size());
  const std::vector<float> thresholds = tensors.floats("thresholds", {-1});
  const auto num_nodes = static_cast<std::int64_t>(thresholds.size());
  const auto questions = tensors.integers("questions", {num_nodes, 3}, -1,
                                          std::max<std::int64_t>(num_nodes, num_columns));
  for (std::int64_t i = 0; i < num_nodes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t* const question = questions.data() + 3 * at;
    const bool is_leaf = question[0] < 0;
    // Children after their parent: no walk can go in circles.
    if (!is_leaf && (question[0] >= num_columns || question[1] <= i || question[1] >= num_nodes ||
                     question[2] <= i || question[2] >= num_nodes)) {
      tensors.refuse("its node " + std::to_string(i) + " leads nowhere");
    }
    parts.nodes.push_back({static_cast<int>(question[0]), thresholds[at],
                           static_cast<int>(question[1]), static_cast<int>(question[2])});
  }
  for (const std::int64_t root : tensors.integers("roots", {-1}, 0, num_nodes - 1)) {
    parts.roots.push_back(static_cast<int>(root));
  }
  if (parts.roots.empty()) tensors.refuse("it has no trees");
  parts.probabilities = tensors.floats("probabilities", {num_nodes, parts.num_classes});
  return std::make_unique<Trees>(std::move(parts));
}

}  // namespace

// A tree is a forest of one.
void add_decision_tree(ClassicTable& table) {
  table.add(DecisionTreeOptions::kName, {train_decision_tree, load_trees});
}
void add_random_forest(ClassicTable& table) {
  table.add(RandomForestOptions::kName, {train_random_forest, load_trees});
}

}  // namespace mer
