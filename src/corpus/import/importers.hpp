#pragma once

#include "mer/corpus/corpus_import.hpp"

namespace mer::importing {

// Each stands in the file of its name.
Importer deam();
Importer emopia();
Importer emotify();
Importer folder();
Importer four_quadrants();
Importer pmemo();

}  // namespace mer::importing
