# Writes the commit that is being built into a source file, which is touched only when it changes:
#   cmake -DGIT=… -DSOURCE_DIR=… -DOUTPUT=… -P SourceCommit.cmake
set(commit "")
if(GIT)
  execute_process(COMMAND "${GIT}" describe --always --dirty --abbrev=12 --exclude=*
                  WORKING_DIRECTORY "${SOURCE_DIR}" OUTPUT_VARIABLE commit ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
set(content "#include \"mer/core/source_commit.hpp\"

namespace mer {

const char* source_commit() { return \"${commit}\"; }

}  // namespace mer
")
set(before "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT content STREQUAL before)
  file(WRITE "${OUTPUT}" "${content}")
endif()
