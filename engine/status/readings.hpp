// The metrics that are asked for when the page is read: their table, and how readings become families.
#pragma once

#include "status/metrics.hpp"

#include <vector>

#include <prometheus/metric_family.h>

namespace moontide::status {

/// One family a name, in the order of the names. Of two readings with the same name and labels the larger stands,
/// since a page that holds a series twice is refused whole. A name that the table does not know becomes a gauge.
std::vector<prometheus::MetricFamily> families_of(std::vector<Reading> readings);

}  // namespace moontide::status
