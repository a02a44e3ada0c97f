# One room of the house = one static library mer_<room>, alias mer::<room>.
#
#   mer_room(store USES core config features USES_INSIDE audio THIRD_PARTY … PRIVATE_THIRD_PARTY …)
#
# USES names the rooms whose headers this room's public headers include, USES_INSIDE those that only
# its .cpp files include. The include path of a room's files holds the headers of these rooms, of the
# rooms that those name as USES, and no others: each room's headers are staged in a folder of their
# own, so that any other #include does not compile. Its sources are all .cpp files of its folder.
include(GNUInstallDirs)

add_library(mer_flags INTERFACE)
target_compile_features(mer_flags INTERFACE cxx_std_20)
target_compile_options(mer_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 105651: string concatenation with a literal is reported as overlapping or endless memory.
  target_compile_options(mer_flags INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
if(MER_WERROR)
  target_compile_options(mer_flags INTERFACE -Werror)
endif()
if(MER_FUZZ)
  # Coverage for libFuzzer in every room; the targets themselves also link its main().
  target_compile_options(mer_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(mer_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MER_SANITIZE)
  target_compile_options(mer_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                             -fno-omit-frame-pointer)
  target_link_options(mer_flags INTERFACE -fsanitize=address,undefined)
endif()

# Compiles a target's files twelve at a time: headers cost more than what the files themselves say, 1 s
# a file for the standard library's and 6 to 15 s for LibTorch's, CLI11's or Eigen's, so a build from
# nothing is several times shorter. Two files of a room therefore can't use one name for two things,
# in an anonymous namespace either. While one file is being worked on, -DMER_BATCHES=OFF compiles it
# by itself.
option(MER_BATCHES "Compile files several at a time" ON)
if(MER_BATCHES)
  # A hidden Impl may hold types of its file's anonymous namespace: GCC takes the batch for a header.
  target_compile_options(mer_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
function(mer_compile_in_batches target)
  if(MER_BATCHES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()

function(mer_room name)
  cmake_parse_arguments(ROOM "" "" "USES;USES_INSIDE;THIRD_PARTY;PRIVATE_THIRD_PARTY" ${ARGN})
  if(ROOM_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mer_room(${name}): unknown argument ${ROOM_UNPARSED_ARGUMENTS}")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  add_library(mer_${name} STATIC ${sources})
  add_library(mer::${name} ALIAS mer_${name})
  set_target_properties(mer_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON
                                               MER_USES "${ROOM_USES};${ROOM_USES_INSIDE}"
                                               MER_USES_IN_HEADERS "${ROOM_USES}"
                                               MER_USES_INSIDE "${ROOM_USES_INSIDE}")
  target_compile_features(mer_${name} PUBLIC cxx_std_20)
  mer_compile_in_batches(mer_${name})
  set(staged "${PROJECT_BINARY_DIR}/staged/${name}")
  file(MAKE_DIRECTORY "${staged}/mer")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/include/mer/${name}" "${staged}/mer/${name}" SYMBOLIC)
  target_include_directories(mer_${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" PUBLIC
    $<BUILD_INTERFACE:${staged}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM ROOM_USES PREPEND mer_)
  list(TRANSFORM ROOM_USES_INSIDE PREPEND mer_)
  target_link_libraries(mer_${name} PUBLIC ${ROOM_USES} ${ROOM_THIRD_PARTY}
    PRIVATE $<BUILD_INTERFACE:mer_flags> ${ROOM_USES_INSIDE} ${ROOM_PRIVATE_THIRD_PARTY})
  set_property(GLOBAL APPEND PROPERTY MER_ROOMS ${name})
endfunction()
