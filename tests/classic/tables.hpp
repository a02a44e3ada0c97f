#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "mer/classic/table_classifier.hpp"
#include "mer/core/random.hpp"
#include "mer/metrics/scores.hpp"

namespace mer::test {

/// Rows of a toy problem, each a group of its own.
class TableMaker {
 public:
  explicit TableMaker(std::vector<std::string> class_names) {
    table_.class_names = std::move(class_names);
  }
  TableMaker& add(const std::vector<float>& row, int class_index) {
    rows_.push_back(row);
    table_.classes.push_back(class_index);
    table_.groups.push_back("g" + std::to_string(rows_.size()));
    return *this;
  }
  TrainingTable table() const {
    TrainingTable table = table_;
    table.inputs.resize(static_cast<Eigen::Index>(rows_.size()),
                        static_cast<Eigen::Index>(rows_.front().size()));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (std::size_t c = 0; c < rows_[i].size(); ++c) {
        table.inputs(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) = rows_[i][c];
      }
    }
    return table;
  }

 private:
  TrainingTable table_;
  std::vector<std::vector<float>> rows_;
};

/// Three classes around three corners of a plane, with a third column of noise.
inline TrainingTable blobs(int rows_a_class = 12) {
  TableMaker maker({"happy", "sad", "relaxed"});
  std::mt19937_64 rng(7);
  const std::vector<std::vector<double>> corners = {{1.5, 0.0}, {-1.0, 1.2}, {-1.0, -1.2}};
  for (int i = 0; i < rows_a_class; ++i) {
    for (int c = 0; c < 3; ++c) {
      const auto& corner = corners[static_cast<std::size_t>(c)];
      maker.add({static_cast<float>(corner[0] + 0.3 * normal_real(rng)),
                 static_cast<float>(corner[1] + 0.3 * normal_real(rng)),
                 static_cast<float>(normal_real(rng))},
                c);
    }
  }
  return maker.table();
}

/// Class 0 where both coordinates have one sign: no line divides the classes.
inline TrainingTable exclusive_or() {
  TableMaker maker({"happy", "sad"});
  std::mt19937_64 rng(3);
  for (int i = 0; i < 40; ++i) {
    const double x = (i % 2 == 0 ? 1.0 : -1.0) + 0.2 * normal_real(rng);
    const double y = (i / 2 % 2 == 0 ? 1.0 : -1.0) + 0.2 * normal_real(rng);
    maker.add({static_cast<float>(x), static_cast<float>(y)}, x * y > 0.0 ? 0 : 1);
  }
  return maker.table();
}

/// Class 0 within a circle, class 1 around it.
inline TrainingTable circles() {
  TableMaker maker({"happy", "sad"});
  for (int i = 0; i < 40; ++i) {
    const double angle = 2.0 * 3.14159265358979 * i / 20.0;
    const double radius = i < 20 ? 0.5 : 2.0;
    maker.add({static_cast<float>(radius * std::cos(angle)),
               static_cast<float>(radius * std::sin(angle))},
              i < 20 ? 0 : 1);
  }
  return maker.table();
}

inline std::vector<std::vector<double>> answers(const TableClassifier& classifier,
                                                const TrainingTable& table) {
  std::vector<std::vector<double>> all;
  for (Eigen::Index row = 0; row < table.num_rows(); ++row) {
    all.push_back(classifier.answer(table.inputs.row(row)).probabilities);
  }
  return all;
}

inline double accuracy(const TableClassifier& classifier, const TrainingTable& table) {
  double right = 0.0;
  const auto all = answers(classifier, table);
  for (std::size_t row = 0; row < all.size(); ++row) {
    if (argmax(all[row]) == table.classes[row]) ++right;
  }
  return right / static_cast<double>(all.size());
}

/// The system of these options.
template <class Options>
ModelOptions system_of(const Options& options) {
  ModelOptions system;
  system.choose<Options>() = options;
  return system;
}

inline TrainedClassifier train_system(const ModelOptions& system, const TrainingTable& table,
                                      const TrainingControl& control) {
  return train_classifier(system, ClassicOptions{}, table, control);
}

template <class Options>
TrainedClassifier train(const Options& options, const TrainingTable& table,
                        const TrainingControl& control) {
  return train_system(system_of(options), table, control);
}

/// Writes a classifier's tensors below "c" and returns the file.
inline std::filesystem::path store(const TableClassifier& classifier,
                                   const std::filesystem::path& file) {
  OwnedTensors own;
  classifier.add_to(own);
  OwnedTensors tensors;
  tensors.add_below("c", std::move(own));
  write_tensor_file(file, tensors.views(), {});
  return file;
}

inline std::unique_ptr<TableClassifier> load(const ModelOptions& system,
                                             const std::filesystem::path& file,
                                             const TrainingTable& table) {
  const TensorFile tensors = TensorFile::open(file);
  return load_classifier(system, StoredTensors(tensors, "c"), static_cast<int>(table.inputs.cols()),
                         table.class_names);
}

}  // namespace mer::test
