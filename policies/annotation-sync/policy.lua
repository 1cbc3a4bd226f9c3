-- ConfigMaps of one namespace, marked by an annotation, are copied into every namespace that is marked as a target.
local PREFIX = "flux-extension.nrfcloud.com/"
return {
  api         = "moontide/v1",
  settings    = { namespace = "flux-system" },
  from        = { kind = "ConfigMap", namespace = "{settings.namespace}", annotations = { [PREFIX .. "sync-configmap"] = "true" } },
  into        = { annotations = { [PREFIX .. "sync-target"] = "true" } },
  existing    = "marked",
  annotations = { [PREFIX .. "sync-source"] = "{source.namespace}/{source.name}" },
}
