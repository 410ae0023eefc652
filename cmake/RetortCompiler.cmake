# Compiler, language and warning settings, the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# g++ 12.2 destroys aggregate and lambda temporaries in a co_await expression twice.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "Retort's server needs clang 18 or g++ 13 at least (found g++ "
                      "${CMAKE_CXX_COMPILER_VERSION}); ./run installs and uses clang 19.")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 18)
  message(FATAL_ERROR "Retort's server needs clang 18 or g++ 13 at least (found clang "
                      "${CMAKE_CXX_COMPILER_VERSION}); ./run installs and uses clang 19.")
endif()

find_program(RETORT_CCACHE ccache)
if(RETORT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${RETORT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RETORT_CCACHE})
endif()
find_program(RETORT_LLD NAMES ld.lld-19 ld.lld)
if(RETORT_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(--ld-path=${RETORT_LLD})
endif()

add_library(retort_warnings INTERFACE)
target_compile_options(retort_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers)
if(RETORT_WERROR)
  target_compile_options(retort_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(retort_warnings INTERFACE -Wthread-safety -Wimplicit-fallthrough)
endif()

# Every floating-point sum has one order (docs/numerics.md): no contraction or reassociation that
# differs between two inlined copies of the same function.
add_compile_options(-ffp-contract=off)

if(RETORT_SANITIZE)
  add_compile_options(-fsanitize=${RETORT_SANITIZE} -fno-omit-frame-pointer -g1
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RETORT_SANITIZE})
  if(RETORT_SANITIZE MATCHES "address")
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
  endif()
endif()

# Asio and Beast bodies are compiled once, in src/http/asio_beast.cc.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED SPDLOG_FMT_EXTERNAL)
