# libretort, the client library as its users link it: retort::client, from the client and what it
# uses of the folders below, with nothing behind it but libcurl and threads.
#
# Boost.JSON is compiled in. Only what the public headers declare is visible; in a static library
# what is hidden is made local as well, so that a program may have a Boost.JSON of its own.
find_package(CURL 7.68 REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.75 REQUIRED)
include(GNUInstallDirs)

set(root ${CMAKE_CURRENT_LIST_DIR}/..)
file(GLOB sources CONFIGURE_DEPENDS ${root}/src/client/*.cc ${root}/src/transport/*.cc
     ${root}/src/protocol/*.cc)
list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
foreach(name describe error json json_reader json_view json_writer utf8)
  list(APPEND sources ${root}/src/base/${name}.cc)
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/boost_json.cc
     CONTENT "#include <boost/json/src.hpp>\n" @ONLY)
list(APPEND sources ${CMAKE_CURRENT_BINARY_DIR}/boost_json.cc)

add_library(retort_client_objects OBJECT ${sources})
target_compile_features(retort_client_objects PUBLIC cxx_std_20)
target_include_directories(retort_client_objects PRIVATE ${root}/src ${root}/include)
# The headers alone: what is linked is compiled in.
target_include_directories(retort_client_objects SYSTEM PRIVATE ${Boost_INCLUDE_DIRS})
target_link_libraries(retort_client_objects PRIVATE CURL::libcurl Threads::Threads)
# g++ marks the inline variables of the headers as unique in the process. Without their group, which
# goes below, the linker takes a program's own copy for a second definition.
target_compile_options(retort_client_objects PRIVATE
  $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
set_target_properties(retort_client_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON)

# GNU ld makes one object of all of them; --force-group-allocation lets go of the groups by which a
# linker would otherwise merge hidden functions with a program's own.
find_program(RETORT_GNU_LD NAMES ld.bfd)
find_program(RETORT_OBJCOPY NAMES objcopy)
if(BUILD_SHARED_LIBS)
  add_library(retort_client_library SHARED $<TARGET_OBJECTS:retort_client_objects>)
  if(NOT APPLE AND NOT WIN32)
    set(map ${CMAKE_CURRENT_LIST_DIR}/libretort.map)
    target_link_options(retort_client_library PRIVATE LINKER:--version-script=${map})
    set_target_properties(retort_client_library PROPERTIES LINK_DEPENDS ${map})
  endif()
elseif(RETORT_GNU_LD AND RETORT_OBJCOPY)
  set(one ${CMAKE_CURRENT_BINARY_DIR}/retort_client.o)
  add_custom_command(
    OUTPUT ${one}
    COMMAND ${RETORT_GNU_LD} -r --force-group-allocation -o ${one}
            $<TARGET_OBJECTS:retort_client_objects>
    # Boost marks some classes as seen whatever the flags say: what has its name in it is hidden.
    COMMAND ${RETORT_OBJCOPY} --localize-hidden --wildcard "--localize-symbol=_Z*5boost*"
            ${one}
    DEPENDS retort_client_objects $<TARGET_OBJECTS:retort_client_objects>
    COMMAND_EXPAND_LISTS VERBATIM)
  add_library(retort_client_library STATIC ${one})
  set_source_files_properties(${one} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
else()
  add_library(retort_client_library STATIC $<TARGET_OBJECTS:retort_client_objects>)
endif()
add_library(retort::client ALIAS retort_client_library)
set_target_properties(retort_client_library PROPERTIES
  LINKER_LANGUAGE CXX
  OUTPUT_NAME retort
  EXPORT_NAME client
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(retort_client_library INTERFACE cxx_std_20)
target_include_directories(retort_client_library INTERFACE
  $<BUILD_INTERFACE:${root}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(retort_client_library PRIVATE CURL::libcurl PUBLIC Threads::Threads)

if(RETORT_INSTALL)
  include(CMakePackageConfigHelpers)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/retort)
  install(TARGETS retort_client_library EXPORT retort_targets COMPONENT dev)
  install(DIRECTORY ${root}/include/retort DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
  install(EXPORT retort_targets NAMESPACE retort:: FILE retort-targets.cmake
          DESTINATION ${package_dir} COMPONENT dev)
  configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/retort-config.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/retort-config.cmake INSTALL_DESTINATION ${package_dir})
  # A minor version may move fields: SOVERSION above says the same.
  write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/retort-config-version.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/retort-config.cmake
                ${CMAKE_CURRENT_BINARY_DIR}/retort-config-version.cmake
          DESTINATION ${package_dir} COMPONENT dev)
  # The installed tree may be moved, and a package is made with a prefix of its own.
  file(RELATIVE_PATH RETORT_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/retort.pc.in ${CMAKE_CURRENT_BINARY_DIR}/retort.pc
                 @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/retort.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endif()
