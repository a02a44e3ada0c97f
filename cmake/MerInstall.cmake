# `cmake --install` gives bin/mer, libexec/mer/mer-engine, headers, one static library a room, the
# bundled models, the bash completion, and merConfig.cmake: find_package(mer COMPONENTS features).
include(CMakePackageConfigHelpers)

set(mer_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mer")
get_property(mer_rooms GLOBAL PROPERTY MER_ROOMS)
set(MER_ROOM_USES "")
foreach(room IN LISTS mer_rooms)
  install(TARGETS mer_${room} EXPORT mer_${room}Targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT mer_${room}Targets NAMESPACE mer:: DESTINATION ${mer_cmake_dir} COMPONENT development)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/mer/${room}"
          DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mer" COMPONENT development)
  get_target_property(uses mer_${room} MER_USES)
  string(APPEND MER_ROOM_USES "set(_mer_${room}_uses ${uses})\n")
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/generated/mer/core/version.hpp"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mer/core" COMPONENT development)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/merConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/merConfig.cmake" INSTALL_DESTINATION ${mer_cmake_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/merConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/merConfig.cmake" "${PROJECT_BINARY_DIR}/merConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindCmarkGfm.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindLIBSVM.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindOpenCVMl.cmake"
        DESTINATION ${mer_cmake_dir} COMPONENT development)

install(TARGETS mer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
if(MER_TORCH)
  install(TARGETS mer_engine RUNTIME DESTINATION libexec/mer COMPONENT program)
endif()
foreach(folder IN ITEMS models pretrained)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/data/${folder}/" DESTINATION share/mer/${folder}
          COMPONENT program)
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/configs" DESTINATION share/mer COMPONENT program)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION share/doc/mer COMPONENT program
        PATTERN results/cells EXCLUDE PATTERN results/data EXCLUDE)
install(FILES "${PROJECT_BINARY_DIR}/completion/mer"
        DESTINATION share/bash-completion/completions COMPONENT program)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/NOTICE" "${PROJECT_SOURCE_DIR}/README.md"
        DESTINATION share/doc/mer COMPONENT program)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/contrib" DESTINATION share/doc/mer COMPONENT program)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/copyright" DESTINATION share/doc/mer COMPONENT program)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/copyright" DESTINATION share/doc/libmer-dev COMPONENT development)

# `cpack -G DEB` in the build folder: mer and libmer-dev. What their programs need is read off them.
set(CPACK_PACKAGE_NAME mer)
set(CPACK_PACKAGE_CONTACT "mer authors <founders@mer.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# mer_0.1.0-debian12_amd64.deb: who goes on to Debian 13 gets the package that was built there.
cmake_host_system_information(RESULT distribution QUERY DISTRIB_INFO)
set(CPACK_DEBIAN_PACKAGE_RELEASE "${distribution_ID}${distribution_VERSION_ID}")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME mer)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
# LibTorch takes whatever BLAS there is; the reference one is ten times slower.
# Chromaprint is loaded by name, so that no binary says it.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "libopenblas0-openmp | libopenblas0, libchromaprint1")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ffmpeg, gnuplot-nox, fonts-dejavu-core")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "music emotion recognition
mer tells which emotion songs carry (happy, anger, sad, relaxed), writes it
into their tags and into playlists, and trains and evaluates networks on
corpora of one's own. Models are included; nothing leaves the machine.
ffmpeg adds M4A, WMA and other formats, gnuplot the pictures of reports.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmer-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# What merConfig.cmake finds; LibTorch and the classical systems' libraries are for few rooms.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "pkg-config, nlohmann-json3-dev, libspdlog-dev, libyaml-cpp-dev, \
libxxhash-dev, libeigen3-dev, libhwy-dev, libfftw3-dev, libsndfile1-dev, libmpg123-dev, libsoxr-dev, libzip-dev, \
libtag1-dev, libcmark-gfm-dev, libcmark-gfm-extensions-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "cmake")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libtorch-dev, libgloo-dev, libsvm-dev, libopencv-ml-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "music emotion recognition: the library
Headers, one static library a room and the CMake configuration of mer:
find_package(mer COMPONENTS features) gives features of music, without
LibTorch.")
include(CPack)
