-- The .conf files of a shared ConfigMap, in the namespaces of its team, with the region of each.
return {
  api  = "moontide/v1",
  from = { kind = "ConfigMap", labels = { ["example.com/share"] = "true" } },
  into = { labels = { team = "{source.labels.team}" } },
  name = "{source.name}-{source.namespace}",
  keys = { keep = { "*.conf" }, drop = { "local.conf" } },
  data = { ["region.conf"] = "region={namespace.labels.region|none}" },
}
