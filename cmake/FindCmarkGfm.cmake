# CmarkGfm::CmarkGfm, Markdown with tables: Debian's libcmark-gfm-dev has a .pc file for the half
# without the extensions only.
find_path(CMARKGFM_INCLUDE_DIR cmark-gfm-core-extensions.h)
find_library(CMARKGFM_LIBRARY cmark-gfm)
find_library(CMARKGFM_EXTENSIONS_LIBRARY cmark-gfm-extensions)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CmarkGfm
  REQUIRED_VARS CMARKGFM_EXTENSIONS_LIBRARY CMARKGFM_LIBRARY CMARKGFM_INCLUDE_DIR)
mark_as_advanced(CMARKGFM_INCLUDE_DIR CMARKGFM_LIBRARY CMARKGFM_EXTENSIONS_LIBRARY)
if(CmarkGfm_FOUND AND NOT TARGET CmarkGfm::CmarkGfm)
  add_library(CmarkGfm::CmarkGfm UNKNOWN IMPORTED)
  set_target_properties(CmarkGfm::CmarkGfm PROPERTIES
    IMPORTED_LOCATION "${CMARKGFM_EXTENSIONS_LIBRARY}"
    INTERFACE_LINK_LIBRARIES "${CMARKGFM_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CMARKGFM_INCLUDE_DIR}")
endif()
