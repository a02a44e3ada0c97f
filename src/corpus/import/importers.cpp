#include "import/importers.hpp"

namespace mer {

Importer importer(std::string help, ImportReport (*import)(const ImportJob&)) {
  return {std::move(help), {}, [import](const ImportJob& job, ConfigDocument& given) {
            struct None {
              void visit(OptionsVisitor& /*v*/) {}
            } none;
            given.read(none);
            return import(job);
          }};
}

ImporterTable builtin_importers() {
  ImporterTable table;
  table.add("folder", importing::folder());
  table.add("4qaed", importing::four_quadrants());
  table.add("emopia", importing::emopia());
  table.add("emotify", importing::emotify());
  table.add("deam", importing::deam());
  table.add("pmemo", importing::pmemo());
  table.add("emomusic", importing::emomusic());
  table.add("grekow", importing::grekow());
  table.add("merge", importing::merge());
  table.add("mtg_jamendo", importing::mtg_jamendo());
  table.add("vgmidi", importing::vgmidi());
  return table;
}

}  // namespace mer
