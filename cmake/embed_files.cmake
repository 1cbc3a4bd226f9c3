# Files become a function in C++ that gives them, byte for byte: the script behind moontide_embed() of rooms.cmake.
# FUNCTION with its namespace, HEADER that declares it, FILES, ROOT that their paths are relative to, OUTPUT.
set(texts "")
set(entries "")
foreach(file IN LISTS FILES)
  file(RELATIVE_PATH relative ${ROOT} ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "text_${relative}" symbol)
  string(APPEND texts "constexpr char ${symbol}[] = {${bytes}'\\0'};\n")
  string(APPEND entries "        {\"${relative}\", std::string_view(${symbol}, sizeof(${symbol}) - 1)},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace {
${texts}}  // namespace

std::vector<moontide::EmbeddedFile> ${FUNCTION}() {
    return {
${entries}    };
}
")
