# SPDX-License-Identifier: MIT
# Every public header alone, as C17 and as C++17.
find_program(NW_CXX NAMES g++ clang++ c++)
add_test(NAME headers_alone
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cxx/headers-alone ${CMAKE_C_COMPILER} ${NW_CXX})
set_tests_properties(headers_alone PROPERTIES LABELS cxx TIMEOUT 120 SKIP_RETURN_CODE 77)
