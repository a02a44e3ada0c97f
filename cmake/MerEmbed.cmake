# mer_embed(TARGET NAME FILE): a file's bytes as `extern const std::string_view NAME` of namespace mer::embedded, declared
# in "embedded/NAME.hpp" for that target alone.
function(mer_embed target name file)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/embedded")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  file(CONFIGURE OUTPUT "${folder}/${name}.hpp" @ONLY CONTENT "#pragma once

#include <string_view>

namespace mer::embedded {
extern const std::string_view @name@;
}
")
  file(CONFIGURE OUTPUT "${folder}/${name}.cpp" @ONLY CONTENT "#include \"embedded/@name@.hpp\"

namespace mer::embedded {
static const unsigned char bytes[] = {@bytes@};
const std::string_view @name@(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}  // namespace mer::embedded
")
  target_sources(${target} PRIVATE "${folder}/${name}.cpp")
  set_source_files_properties("${folder}/${name}.cpp" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
