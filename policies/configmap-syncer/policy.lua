return {
  api      = "moontide/v1",
  owner    = { apiVersion = "config.example.com/v1alpha1", kind = "ConfigMapSyncer", finalizer = "configmapsyncer.config.example.com/finalizer" },
  from     = { { kind = "ConfigMap", namespace = "{owner.spec.sourceNamespace}", name = "{owner.spec.sourceConfigMap}" },
               { kind = "Secret",    namespace = "{owner.spec.sourceNamespace}", name = "{owner.spec.sourceSecret}" } },
  into     = { { namespace = "{owner.spec.targetNamespaces}" }, { labels = "{owner.spec.namespaceSelector}" },
               { selector = "{owner.spec.targetSelector}" } },
  existing = "{owner.spec.conflictPolicy|marked}",
  orphans  = "keep",  -- the copies go with the syncer, not with the source
  keys     = function(on)
    local globs = on.owner.spec.keys or {}
    for _, glob in ipairs(globs) do
      if moontide.glob(glob, on.key) then return true end
    end
    return #globs == 0
  end,
  labels   = { ["synced-by"] = "{owner.name}", ["synced-from"] = "{owner.spec.sourceNamespace}" },
  status   = function(on)
    return { syncedNamespaces = on.report.synced, failedNamespaces = on.report.failed, lastSyncTime = on.report.changed }
  end,
}
