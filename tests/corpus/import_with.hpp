#pragma once

#include <string>

#include "mer/corpus/corpus_import.hpp"

namespace mer::test {

/// Runs the importer of that name.
/// @param options  its own, in YAML
inline ImportReport import_with(const std::string& corpus, const ImportJob& job,
                                const std::string& options = "{}") {
  ConfigDocument given = ConfigDocument::parse(options, "test", {});
  return builtin_importers().at(corpus, corpus).run(job, given);
}

}  // namespace mer::test
