# SPDX-License-Identifier: Apache-2.0
#
# Folder = namespace = rank. A header may include its own folder and lower ones.
#   cmake -DROOT=<folder that holds asyndgan/> -P check_layering.cmake
set(order core kernels layers networks losses optim privacy data modality protocol transport
          federation metrics downstream telemetry)

file(GLOB_RECURSE headers RELATIVE "${ROOT}/asyndgan" "${ROOT}/asyndgan/*.hpp")
list(LENGTH headers count)
if(count EQUAL 0)
  message(FATAL_ERROR "no header found below ${ROOT}/asyndgan")
endif()

set(violations 0)
foreach(header IN LISTS headers)
  if(NOT header MATCHES "/")
    continue()  # asyndgan.hpp includes everything
  endif()
  string(REGEX REPLACE "/.*" "" folder "${header}")
  list(FIND order "${folder}" rank)
  if(rank EQUAL -1)
    message(SEND_ERROR "${header}: folder '${folder}' has no place in the order: ${order}")
    continue()
  endif()
  file(STRINGS "${ROOT}/asyndgan/${header}" includes REGEX "^#include \"asyndgan/")
  foreach(line IN LISTS includes)
    string(REGEX REPLACE "^#include \"asyndgan/([^/\"]*).*" "\\1" included "${line}")
    list(FIND order "${included}" included_rank)
    if(included_rank GREATER rank OR included_rank EQUAL -1)
      message(SEND_ERROR "${header} (${folder}) must not include ${line}: "
                         "'${included}' ranks above '${folder}'")
    endif()
  endforeach()
endforeach()
