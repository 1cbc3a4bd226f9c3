// Where the checkout is, for tests that read its files. Known to one translation unit alone, so that the compiler's
// cache serves checkouts elsewhere too.
#pragma once

#include <string>

namespace moontide::test {

const std::string& source_directory();

}  // namespace moontide::test
