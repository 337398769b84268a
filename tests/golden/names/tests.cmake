# SPDX-License-Identifier: MIT
# What is said of small modules, each construct of the language by itself; and whether SANY, where one is, agrees.
add_test(NAME golden_names COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-names $<TARGET_FILE:nodewise-command>)
add_test(NAME golden_names_sany COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-names $<TARGET_FILE:nodewise-command>
  --sany)
set_tests_properties(golden_names golden_names_sany PROPERTIES LABELS "golden;tla" TIMEOUT 600)
set_tests_properties(golden_names_sany PROPERTIES SKIP_RETURN_CODE 77)
