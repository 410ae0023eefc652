# One function a kind of target: a folder of src/, and the fuzz programs.

# Options by the instruction set a file is named for. A file x_avx2.cc is compiled for AVX2 whatever
# the build machine has; src/tensor picks at run time which one may run.
function(retort_instruction_sets)
  foreach(file ${ARGN})
    if(file MATCHES "_amx\\.cc$")
      set(flags -mamx-tile -mamx-int8 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni
                -mavx2 -mfma -mf16c -mbmi2)
    elseif(file MATCHES "_avx512vnni\\.cc$")
      set(flags -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx2 -mfma -mf16c -mbmi2)
    elseif(file MATCHES "_avx512\\.cc$")
      set(flags -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c -mbmi2)
    elseif(file MATCHES "_avxvnni\\.cc$")
      set(flags -mavxvnni -mavx2 -mfma -mf16c -mbmi2)
    elseif(file MATCHES "_avx2\\.cc$")
      set(flags -mavx2 -mfma -mf16c -mbmi2)
    else()
      continue()
    endif()
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${flags}")
  endforeach()
endfunction()

# retort_folder(NAME LINKS lib...): the library retort_NAME from src/NAME/*.cc, the test program
# NAME_test from *_test.cc and, when asked for, NAME_bench from *_bench.cc.
function(retort_folder name)
  cmake_parse_arguments(FOLDER "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  if(name STREQUAL "cli")
    file(GLOB config CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/config*.cc)
    list(APPEND sources ${config})
  endif()
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
  retort_instruction_sets(${sources})

  if(sources)
    add_library(retort_${name} STATIC ${sources})
    target_include_directories(retort_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src
                                                     ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(retort_${name} PRIVATE retort_warnings PUBLIC ${FOLDER_LINKS})
  else()
    add_library(retort_${name} INTERFACE)
    target_include_directories(retort_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src
                                                        ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(retort_${name} INTERFACE ${FOLDER_LINKS})
  endif()

  if(RETORT_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE retort_${name} retort_warnings GTest::gtest
                                               GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE
      RETORT_SOURCE_DIR="${CMAKE_SOURCE_DIR}" RETORT_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
    find_library(RAPIDCHECK_LIBRARY rapidcheck)
    if(RAPIDCHECK_LIBRARY)
      target_link_libraries(${name}_test PRIVATE ${RAPIDCHECK_LIBRARY})
    endif()
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS ${name})
  endif()
  if(RETORT_BENCHES AND benches)
    add_executable(${name}_bench ${benches})
    target_compile_definitions(${name}_bench PRIVATE RETORT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name}_bench PRIVATE retort_${name} retort_warnings
                                                benchmark::benchmark_main)
  endif()
endfunction()

# retort_fuzz_targets(DIR): one libFuzzer program for each DIR/*_fuzz.cc.
function(retort_fuzz_targets dir)
  file(GLOB programs CONFIGURE_DEPENDS ${dir}/*_fuzz.cc)
  foreach(program ${programs})
    get_filename_component(name ${program} NAME_WE)
    add_executable(${name} ${program})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE retort_cli retort_client retort_warnings)
  endforeach()
endfunction()
