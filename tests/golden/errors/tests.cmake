# SPDX-License-Identifier: MIT
add_test(NAME golden_errors COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-errors
  $<TARGET_FILE:nodewise-command>)
set_tests_properties(golden_errors PROPERTIES LABELS "golden;tla" TIMEOUT 300)
