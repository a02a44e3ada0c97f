# OpenCVMl::OpenCVMl, OpenCV's ml and core modules alone: Debian's libopencv-ml-dev has no CMake
# config, which is in libopencv-dev with all 58 packages of OpenCV.
find_path(OPENCVML_INCLUDE_DIR opencv2/ml.hpp PATH_SUFFIXES opencv4)
find_library(OPENCVML_LIBRARY opencv_ml)
find_library(OPENCVML_CORE_LIBRARY opencv_core)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCVMl
  REQUIRED_VARS OPENCVML_LIBRARY OPENCVML_CORE_LIBRARY OPENCVML_INCLUDE_DIR)
mark_as_advanced(OPENCVML_INCLUDE_DIR OPENCVML_LIBRARY OPENCVML_CORE_LIBRARY)
if(OpenCVMl_FOUND AND NOT TARGET OpenCVMl::OpenCVMl)
  add_library(OpenCVMl::OpenCVMl UNKNOWN IMPORTED)
  set_target_properties(OpenCVMl::OpenCVMl PROPERTIES
    IMPORTED_LOCATION "${OPENCVML_LIBRARY}"
    INTERFACE_LINK_LIBRARIES "${OPENCVML_CORE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OPENCVML_INCLUDE_DIR}")
endif()
