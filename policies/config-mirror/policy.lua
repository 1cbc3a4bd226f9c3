return {
  api      = "moontide/v1",
  owner    = { apiVersion = "mirror.configmirror.io/v1alpha1", kind = "ConfigMirror", finalizer = "mirror.configmirror.io/finalizer" },
  from     = { kind = "ConfigMap", namespace = "{owner.spec.sourceNamespace}", selector = "{owner.spec.selector}" },
  into     = { namespace = "{owner.spec.targetNamespaces}" },
  existing = "marked",
  labels   = { ["mirror.configmirror.io/owner"] = "{owner.namespace}.{owner.name}" },
  store    = function(on)
    local database = on.owner.spec.database
    if not database or not database.enabled then return nil end
    return { secret = { namespace = database.secretRef.namespace or on.owner.namespace, name = database.secretRef.name } }
  end,
  status   = function(on)
    local mirrored = moontide.list()
    for i, s in ipairs(on.report.sources) do
      mirrored[i] = { name = s.name, sourceNamespace = s.namespace, targets = s.synced, lastSyncTime = s.changed }
    end
    return { configMaps = #mirrored, replicatedConfigMaps = mirrored, databaseStatus = on.report.store }
  end,
}
