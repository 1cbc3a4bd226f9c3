# moontide_room(<name> DEPENDS <targets>...): the sources of engine/<name>/ as library moontide_<name>.
function(moontide_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(sources)
    add_library(moontide_${name} STATIC ${sources})
    target_include_directories(moontide_${name} PUBLIC ${PROJECT_SOURCE_DIR}/engine)
    target_link_libraries(moontide_${name} PUBLIC ${ROOM_DEPENDS})
  else()
    add_library(moontide_${name} INTERFACE)
    target_include_directories(moontide_${name} INTERFACE ${PROJECT_SOURCE_DIR}/engine)
    target_link_libraries(moontide_${name} INTERFACE ${ROOM_DEPENDS})
  endif()
endfunction()

# moontide_unit_tests(<room> LIBRARIES <targets>... [ARGUMENTS <words>...]): tests/unit/<room>/*.cpp as test executable
# test_<room>, which ctest calls with those words.
function(moontide_unit_tests room)
  cmake_parse_arguments(TESTS "" "" "LIBRARIES;ARGUMENTS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${room}/*.cpp)
  if(sources)
    add_executable(test_${room} ${sources})
    target_link_libraries(test_${room} PRIVATE catch_main ${TESTS_LIBRARIES})
    add_test(NAME ${room} COMMAND test_${room} ${TESTS_ARGUMENTS})
  endif()
endfunction()

# moontide_embed(<target> <function> HEADER <header> FILES <files>...): the files become part of the target's library,
# as what the function, named with its namespace and declared in the header, gives.
function(moontide_embed target function)
  cmake_parse_arguments(EMBED "" "HEADER" "FILES" ${ARGN})
  string(REGEX REPLACE ".*::" "" name ${function})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFUNCTION=${function} -DHEADER=${EMBED_HEADER} -DROOT=${PROJECT_SOURCE_DIR}
            -DOUTPUT=${output} "-DFILES=${EMBED_FILES}" -P ${script}
    DEPENDS ${EMBED_FILES} ${script}
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
