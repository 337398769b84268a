# SPDX-License-Identifier: MIT
add_test(NAME golden_cdn COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-cdn $<TARGET_FILE:nodewise-command>)
set_tests_properties(golden_cdn PROPERTIES LABELS golden TIMEOUT 120)
