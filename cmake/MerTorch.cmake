# How every target that is made of files with <torch/torch.h> is compiled.
#
#   mer_compile_with_torch(mer_nn)        # the first caller compiles the precompiled header
#   mer_compile_with_torch(mer_nn_test)   # later ones use it again
#
# GCC takes a precompiled header only where the flags are the same, so executables are compiled as
# position-independent code like the rooms' libraries.
function(mer_compile_with_torch target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  get_property(owner GLOBAL PROPERTY MER_TORCH_HEADER_OWNER)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE <torch/torch.h>)
    set_property(GLOBAL PROPERTY MER_TORCH_HEADER_OWNER ${target})
  endif()
endfunction()
