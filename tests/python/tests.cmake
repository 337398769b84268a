# SPDX-License-Identifier: MIT
# The Python package, installed as its users do, against `nodewise relay`.
if(CMAKE_C_FLAGS MATCHES fsanitize)
  add_test(NAME python_relay COMMAND sh -c
    "echo 'SKIP: an interpreter without the sanitizer cannot load what is built with it'; exit 77")
else()
  add_test(NAME python_relay COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-python ${PROJECT_SOURCE_DIR}
    ${PROJECT_BINARY_DIR} $<TARGET_FILE:nodewise-command>)
endif()
set_tests_properties(python_relay PROPERTIES LABELS python TIMEOUT 180 SKIP_RETURN_CODE 77)
