# SPDX-License-Identifier: Apache-2.0
#
# Code in the documentation is code of an example that is built, to the letter.
#   cmake -DROOT=<top folder> -P check_docs.cmake

# Every block of C++ in `page` stands in one of the sources that follow.
function(require_quotes page)
  set(code "")
  foreach(source ${ARGN})
    file(READ ${ROOT}/${source} text)
    string(APPEND code "${text}")
  endforeach()
  file(READ ${ROOT}/${page} rest)
  set(fence "```cpp\n")
  string(LENGTH "${fence}" skipped)
  string(FIND "${rest}" "${fence}" start)
  while(NOT start EQUAL -1)
    math(EXPR start "${start} + ${skipped}")
    string(SUBSTRING "${rest}" ${start} -1 rest)
    string(FIND "${rest}" "```" end)
    string(SUBSTRING "${rest}" 0 ${end} block)
    string(FIND "${code}" "${block}" found)
    if(found EQUAL -1)
      message(FATAL_ERROR "${page} has code that differs from ${ARGN}:\n${block}")
    endif()
    string(SUBSTRING "${rest}" ${end} -1 rest)
    string(FIND "${rest}" "${fence}" start)
  endwhile()
endfunction()

require_quotes(README.md examples/two_sites/main.cpp)
require_quotes(docs/extending.md examples/custom_modality/chest_xray.hpp
               examples/custom_modality/main.cpp)
