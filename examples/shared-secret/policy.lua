-- Offered Secrets go to the namespaces that ask for them, where both sides agree.
return {
  api     = "moontide/v1",
  from    = { kind = "Secret", labels = { ["example.com/offered"] = "true" } },
  into    = { annotations = { ["moontide.dev/allow-from"] = true } },
  consent = true,
  labels  = { ["example.com/offered-by"] = "{source.namespace}" },
}
