# SPDX-License-Identifier: MIT
# The functions the build is made of. Each folder's CMakeLists.txt calls them and nothing else.

option(NW_SMALL "shrink batches and tables so that rare paths are common (tests)" OFF)
option(NW_WERROR "warnings are errors (the developers' presets; never for users)" OFF)

# Flags every C file of this tree is compiled with.
add_library(nw_flags INTERFACE)
target_compile_features(nw_flags INTERFACE c_std_17)
target_compile_definitions(nw_flags INTERFACE _GNU_SOURCE $<$<BOOL:${NW_SMALL}>:NW_SMALL=1>)
target_compile_options(nw_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>" $<$<BOOL:${NW_WERROR}>:-Werror>)
target_include_directories(nw_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# nw_layer(os SOURCES a.c b.c [LIBS PkgConfig::X]): one layer of libnodewise, as an object library.
function(nw_layer name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_library(nw_${name} OBJECT ${A_SOURCES})
  target_link_libraries(nw_${name} PRIVATE nw_flags ${A_LIBS})
  foreach(lib nodewise nodewise-static)
    target_sources(${lib} PRIVATE $<TARGET_OBJECTS:nw_${name}>)
    target_link_libraries(${lib} PRIVATE ${A_LIBS})
  endforeach()
endfunction()

# nw_engine(explore SOURCES … HEADERS … LIBS …): libnodewise-explore on libnodewise's public headers.
function(nw_engine name)
  cmake_parse_arguments(A "" "" "SOURCES;HEADERS;LIBS" ${ARGN})
  add_library(nw_engine_${name} OBJECT ${A_SOURCES})
  target_link_libraries(nw_engine_${name} PRIVATE nw_flags ${A_LIBS})
  add_library(nodewise-${name} SHARED $<TARGET_OBJECTS:nw_engine_${name}>)
  add_library(nodewise-${name}-static STATIC $<TARGET_OBJECTS:nw_engine_${name}>)
  add_library(nodewise::nodewise-${name} ALIAS nodewise-${name})
  add_library(nodewise::nodewise-${name}-static ALIAS nodewise-${name}-static)
  target_link_libraries(nodewise-${name} PUBLIC nodewise PRIVATE ${A_LIBS})
  target_link_libraries(nodewise-${name}-static PUBLIC nodewise-static PRIVATE ${A_LIBS})
  set_target_properties(nodewise-${name} PROPERTIES VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C)
  set_target_properties(nodewise-${name}-static PROPERTIES OUTPUT_NAME nodewise-${name})
  target_sources(nodewise-${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${A_HEADERS})
  install(TARGETS nodewise-${name} nodewise-${name}-static EXPORT nodewise FILE_SET HEADERS)
endfunction()

# nw_lang(tla_syntax SOURCES …): a part of a language, in the archive of all (lang/CMakeLists.txt).
function(nw_lang name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_library(nw_lang_${name} OBJECT ${A_SOURCES})
  target_include_directories(nw_lang_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lang)
  target_link_libraries(nw_lang_${name} PRIVATE nw_flags ${A_LIBS})
  target_sources(nw_lang PRIVATE $<TARGET_OBJECTS:nw_lang_${name}>)
  target_link_libraries(nw_lang PRIVATE ${A_LIBS})
endfunction()

# nw_app(topo SOURCES … LIBS …): the files of one subcommand of the command `nodewise`.
function(nw_app name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_library(nw_app_${name} OBJECT ${A_SOURCES})
  target_include_directories(nw_app_${name} PRIVATE ${PROJECT_SOURCE_DIR}/apps
    ${PROJECT_SOURCE_DIR}/lang)
  target_link_libraries(nw_app_${name} PRIVATE nw_flags ${A_LIBS})
  target_sources(nodewise-command PRIVATE $<TARGET_OBJECTS:nw_app_${name}>)
  target_link_libraries(nodewise-command PRIVATE ${A_LIBS})
endfunction()

# nw_test(unit/test_x [SOURCES more.c] [LIBS …] [ARGS …] [TIMEOUT s]): label = folder.
function(nw_test path)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LIBS;ARGS" ${ARGN})
  get_filename_component(name ${path} NAME)
  get_filename_component(label ${path} DIRECTORY)
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name} ${path}.c ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests
    ${PROJECT_SOURCE_DIR}/lang ${PROJECT_SOURCE_DIR}/engines)
  target_compile_definitions(${name} PRIVATE NW_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    NW_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE nw_flags nw_lang nodewise-explore-static nodewise-static
    Threads::Threads ${A_LIBS})
  add_test(NAME ${name} COMMAND ${name} ${A_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${A_TIMEOUT} SKIP_RETURN_CODE 77)
  if(label STREQUAL stress)
    set_tests_properties(${name} PROPERTIES PROCESSORS 2)
  endif()
endfunction()

# nw_bench(bench_x [LIBS …]): a program under bench/, never a test.
function(nw_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${name}.c ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE nw_flags nodewise-explore-static nodewise-static
    Threads::Threads ${A_LIBS})
endfunction()
