# SPDX-License-Identifier: MIT
# The scanner in network namespaces of the test's own: nothing leaves them.
add_test(NAME scan_network COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-scan
  $<TARGET_FILE:nodewise-command>)
set_tests_properties(scan_network PROPERTIES LABELS scan TIMEOUT 600 SKIP_RETURN_CODE 77)
