#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mer/core/any_options.hpp"
#include "mer/core/named_table.hpp"

namespace mer {

struct DescriptorOptions;

/// What one number of a song's vector is.
struct Descriptor {
  std::string name;    ///< "onset_bass_mean", "tempo_bpm", …
  std::string family;  ///< one of DescriptorOptions::families
  std::string unit;
};

namespace descriptors {

/// A number a frame.
using Course = Eigen::ArrayXf;

using RowArrayXf = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A range of frames, prepared once for all families. Only `level_dbfs` depends on how loud the
/// recording is.
struct Frames {
  double per_s = 0.0;      ///< frames a second
  RowArrayXf mel_db;       ///< [T, bands], dB relative to the range's largest, −dynamic range…0
  Course level_dbfs;       ///< [T]
  Course level_db;         ///< [T], relative to the loudest frame, −dynamic range…0
  RowArrayXf chroma;       ///< [T, 12]
  RowArrayXf contrast_db;  ///< [T, contrast bands]
  Course pitch_semitones;  ///< [T], above 55 Hz, held where unvoiced
  Course voicing;          ///< [T], 0…1
  float min_voicing = 0.0F;  ///< at least this is voiced

  Eigen::Index size() const { return level_db.size(); }
  /// The nearest whole number of frames, at least 1.
  int frames(double seconds) const;
};

/// Takes the numbers in their order together with their names, so that neither can drift; keeps one
/// of the two.
class Writer {
 public:
  /// Keeps the values.
  explicit Writer(Eigen::VectorXf& values) : values_(&values) {}
  /// Keeps the names.
  Writer(std::string_view family, std::vector<Descriptor>& descriptors)
      : family_(family), descriptors_(&descriptors) {}

  void add(std::string_view name, std::string_view unit, double value) {
    add(name, "", unit, value);
  }
  /// The name is `first` + `second`.
  void add(std::string_view first, std::string_view second, std::string_view unit, double value);
  /// `first` + number
  void add(std::string_view first, int number, std::string_view unit, double value);
  /// Mean, deviation, 10th and 90th percentile, mean absolute change.
  void add_course(std::string_view name, std::string_view unit, const Course& course);

 private:
  std::string_view family_;
  std::vector<Descriptor>* descriptors_ = nullptr;
  Eigen::VectorXf* values_ = nullptr;
  Eigen::Index next_ = 0;
};

/// Computes one family. Any number of threads may compute at once.
class Family {
 public:
  virtual ~Family() = default;
  virtual void compute(const Frames& frames, Writer& out) const = 0;
};

}  // namespace descriptors

/// An entry of the table of descriptor families.
struct DescriptorFamily {
  std::string source;       ///< the publications that define it
  std::string description;  ///< one sentence
  bool is_default = true;
  /// Its own options, read beside those of all families: its sections have no key.
  std::vector<OptionSection> sections;
  /// From the options and the centres of the mel bands in Hz.
  std::function<std::unique_ptr<descriptors::Family>(const DescriptorOptions&,
                                                     const Eigen::ArrayXd&)>
      make;
};

/// By the names that `descriptors.families` takes, in the order of their help.
using DescriptorFamilyTable = NamedTable<DescriptorFamily>;
DescriptorFamilyTable builtin_descriptors();

}  // namespace mer
