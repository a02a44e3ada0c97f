#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "temporary_folder.hpp"

namespace mer::test {

/// Whether Python's jsonschema can be used here.
inline bool has_json_schema() {
  return std::system("python3 -W ignore -c 'import jsonschema' >/dev/null 2>&1") == 0;
}

/// Whether a text is a JSON document that one of the contract's schemas allows.
/// @param schema  name of a file in tests/fixtures/contract
inline bool fits_schema(const std::string& json, const std::string& schema) {
  const TemporaryFolder folder;
  const std::string document = folder.write("document.json", json).string();
  const std::string command = "python3 -W ignore -m jsonschema -i '" + document + "' '" +
                              MER_FIXTURES "/contract/" + schema + "' 2>&1";
  return std::system(command.c_str()) == 0;
}

}  // namespace mer::test
