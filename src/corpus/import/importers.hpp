#pragma once

#include "mer/corpus/corpus_import.hpp"

namespace mer::importing {

// Each stands in the file of its name.
Importer deam();
Importer emomusic();
Importer emopia();
Importer emotify();
Importer folder();
Importer four_quadrants();
Importer grekow();
Importer merge();
Importer mtg_jamendo();
Importer pmemo();
Importer vgmidi();

}  // namespace mer::importing
