-- Keys that every team's ConfigMap of one name gets, beside what the team itself keeps in it.
return {
  api      = "moontide/v1",
  from     = { kind = "ConfigMap", labels = { ["example.com/adds-to"] = true } },
  into     = { labels = { ["example.com/team"] = true } },
  name     = "{source.labels['example.com/adds-to']}",
  existing = "merge",
  data     = { ["team"] = "{namespace.labels['example.com/team']}" },
}
