# SPDX-License-Identifier: MIT
# Installs this tree into a scratch folder and builds the examples against it, as a user would.
add_test(NAME install_tree COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/install-tree
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER} "${CMAKE_C_FLAGS}")
set_tests_properties(install_tree PROPERTIES LABELS install TIMEOUT 300 SKIP_RETURN_CODE 77)
