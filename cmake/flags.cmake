# Warnings are errors; what is compiled with what is said once, here.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
# TRY is a GNU statement expression.
add_compile_options(-Wno-pedantic)

# GCC 12 warns of these in its own library's inlined code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-stringop-overflow -Wno-array-bounds)
endif()
# A unity build sees one file's names in the next, and GCC takes the files that are joined for headers, which ought not
# to have anonymous namespaces. What shadows within a file the other builds tell.
if(CMAKE_UNITY_BUILD)
  add_compile_options(-Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

# Clang sees what libstdc++ 12's own algorithms call as deprecated.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-deprecated-declarations)
endif()

set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
add_compile_options(-fstack-protector-strong)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

if(MOONTIDE_ASSERTIONS)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(MOONTIDE_SANITIZE)
  add_compile_options(-fsanitize=${MOONTIDE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MOONTIDE_SANITIZE})
endif()
if(MOONTIDE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
