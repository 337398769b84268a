# SPDX-License-Identifier: MIT
# Asking who stands in front, in network namespaces of the test's own: nothing leaves them.
if(CARES_FOUND AND CURL_FOUND)
  add_test(NAME cdn_network COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-cdn $<TARGET_FILE:nodewise-command>)
  set_tests_properties(cdn_network PROPERTIES LABELS cdn TIMEOUT 300 SKIP_RETURN_CODE 77)

  # The recorded answers are no part of this tree.
  add_test(NAME cdn_lab COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-lab $<TARGET_FILE:nodewise-command>)
  set_tests_properties(cdn_lab PROPERTIES LABELS cdn TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()
