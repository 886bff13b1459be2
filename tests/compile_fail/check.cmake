# SPDX-License-Identifier: Apache-2.0
#   cmake -DCOMPILER=c++ -DFLAGS=file -DSOURCE=x.cpp -DEXPECTED=regex -P check.cmake
# With EXPECTED, the source must fail to compile and the compiler must say so; without, it must
# compile.
execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} @${FLAGS} ${SOURCE}
                RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT EXPECTED)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "does not compile:\n${output}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "compiles, and must not")
elseif(NOT output MATCHES "error: [^\n]*(${EXPECTED})")
  message(FATAL_ERROR "fails for another reason than '${EXPECTED}':\n${output}")
endif()
