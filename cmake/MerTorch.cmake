# What every target that includes <torch/torch.h> needs.
#
#   mer_torch_pch(mer_model)        # the first caller compiles the precompiled header (about 15 s)
#   mer_torch_pch(mer_model_test)   # later ones use it again
#
# GCC takes a precompiled header only where the flags are the same, so executables are compiled as
# position-independent code like the rooms' libraries.
function(mer_torch_pch target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  get_property(owner GLOBAL PROPERTY MER_TORCH_PCH_OWNER)
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE <torch/torch.h>)
    set_property(GLOBAL PROPERTY MER_TORCH_PCH_OWNER ${target})
  endif()
endfunction()
