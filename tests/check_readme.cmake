# SPDX-License-Identifier: Apache-2.0
#
# The program in the README is examples/two_sites, to the letter.
#   cmake -DROOT=<top folder> -P check_readme.cmake
file(READ ${ROOT}/README.md readme)
file(READ ${ROOT}/examples/two_sites/main.cpp program)
string(FIND "${program}" "#include" start)
string(SUBSTRING "${program}" ${start} -1 program)
string(FIND "${readme}" "${program}" found)
if(found EQUAL -1)
  message(FATAL_ERROR "the program in README.md differs from examples/two_sites/main.cpp")
endif()
