// Waiting for a descriptor, within a time, until told to stop.
#pragma once

#include "base/clock.hpp"

namespace moontide::store {

enum class Awaited { readable, writable, both };
enum class Waited { ready, late, stopped };

/// `stop` is readable once nobody wants to wait any more; -1: there is no such descriptor.
Waited wait_for(int descriptor, Awaited awaited, Instant deadline, int stop);

}  // namespace moontide::store
