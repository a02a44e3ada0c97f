# One room of the house = one static library mer_<room>, alias mer::<room>.
#
#   mer_room(features USES core THIRD_PARTY PkgConfig::FFTW3F Eigen3::Eigen SOURCES a.cpp b.cpp)
#
# USES names the rooms that this one may include; nothing else is on its include path by accident,
# because every room's headers are reached through its own target only.
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

# Compiles a target's files six at a time. LibTorch's and CLI11's headers cost 6 to 15 s a file for
# their templates alone: this makes a build from nothing several times shorter. While one file is
# being worked on, -DMER_BATCHES=OFF compiles it by itself.
option(MER_BATCHES "Compile files with large headers several at a time" ON)
function(mer_compile_in_batches target)
  if(MER_BATCHES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
  endif()
endfunction()

function(mer_room name)
  cmake_parse_arguments(ROOM "" "" "USES;THIRD_PARTY;PRIVATE_THIRD_PARTY;SOURCES" ${ARGN})
  add_library(mer_${name} STATIC ${ROOM_SOURCES})
  add_library(mer::${name} ALIAS mer_${name})
  set_target_properties(mer_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON
                                               MER_USES "${ROOM_USES}")
  target_compile_features(mer_${name} PUBLIC cxx_std_20)
  target_include_directories(mer_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(mer_${name} PRIVATE $<BUILD_INTERFACE:mer_flags>)
  foreach(room IN LISTS ROOM_USES)
    target_link_libraries(mer_${name} PUBLIC mer_${room})
  endforeach()
  target_link_libraries(mer_${name} PUBLIC ${ROOM_THIRD_PARTY})
  target_link_libraries(mer_${name} PRIVATE ${ROOM_PRIVATE_THIRD_PARTY})
  set_property(GLOBAL APPEND PROPERTY MER_ROOMS ${name})
endfunction()
