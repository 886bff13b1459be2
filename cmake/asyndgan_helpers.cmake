# SPDX-License-Identifier: Apache-2.0

# Warnings for the project's own targets; consumers never see them.
function(asyndgan_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                           -Wnon-virtual-dtor -Woverloaded-virtual)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms on string + (GCC 105329)
  endif()
  if(ASYNDGAN_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# One test executable per folder of tests/, named test_<folder>, with the folder as its label.
# Further arguments are libraries.
function(asyndgan_add_test_folder folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${folder} ${sources})
  target_include_directories(test_${folder} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${folder} PRIVATE asyndgan::compiled test_support ${ARGN})
  asyndgan_set_warnings(test_${folder})
  catch_discover_tests(test_${folder} TEST_PREFIX "${folder}: " PROPERTIES LABELS ${folder}
                       TIMEOUT 600 SKIP_REGULAR_EXPRESSION "skipped: the Debian package")
endfunction()
