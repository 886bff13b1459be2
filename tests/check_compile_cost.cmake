# SPDX-License-Identifier: Apache-2.0
#
# What a program pays that links asyndgan::compiled: no header that it does not use is heavy, no
# network is compiled again, and a gigabyte is enough. Times are left to the eye, they depend on
# the machine.
#   cmake -DCOMMAND=<compiler and flags> -DSOURCE=<program> -DOBJECT=<file to write>
#         -DNM=<nm> -P check_compile_cost.cmake
set(heavy nlohmann/json.hpp hwy/highway.h immintrin.h /regex /random /ranges)

execute_process(COMMAND ${COMMAND} -M ${SOURCE} OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "[ \n\\]+" ";" headers "${headers}")
foreach(header IN LISTS headers)
  foreach(name IN LISTS heavy)
    string(FIND "${header};" "${name};" found)
    if(NOT found EQUAL -1)
      message(FATAL_ERROR "${SOURCE} is made to read ${header}, which costs every user its time; "
                          "include it from a body in impl/")
    endif()
  endforeach()
endforeach()

string(REPLACE ";" " " command "${COMMAND}")
set(kilobytes 1000000)  # 530,000 measured with GCC 12, 340,000 with Clang 14
execute_process(COMMAND sh -c "ulimit -v ${kilobytes} && ${command} -c '${SOURCE}' -o '${OBJECT}'"
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${SOURCE} does not compile within ${kilobytes} KB")
endif()

execute_process(COMMAND ${NM} -C --defined-only ${OBJECT} OUTPUT_VARIABLE symbols
                COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "asyndgan::(layers|networks|optim)::[^\n(]*::(forward|backward|collect|step)\\("
       compiled "${symbols}")
if(compiled)
  message(FATAL_ERROR "${SOURCE} compiles ${compiled}...) itself, which asyndgan::compiled holds")
endif()
