# Writes the policies' texts as a C++ source: FILES (a list), ROOT (what their names are relative to), OUTPUT.
set(entries "")
foreach(file IN LISTS FILES)
  file(RELATIVE_PATH relative ${ROOT} ${file})
  get_filename_component(directory ${file} DIRECTORY)
  get_filename_component(name ${directory} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "text_${name}" symbol)
  string(APPEND texts "constexpr char ${symbol}[] = {${bytes}'\\0'};\n")
  string(APPEND entries "    {\"${name}\", \"${relative}\", std::string_view(${symbol}, sizeof(${symbol}) - 1)},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"bindings/builtin_texts.hpp\"\n
namespace moontide::bindings {
namespace {
${texts}
}  // namespace

std::vector<BuiltinText> builtin_texts() {
  return {
${entries}  };
}

}  // namespace moontide::bindings
")
