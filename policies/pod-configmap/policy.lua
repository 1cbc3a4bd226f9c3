local LABEL = "podconfig.example.com/"

-- Of a/b and a_b, which would be one key, the one that needs no change wins, whatever the order of the list.
local function include(data, prefix, keys, values)
  for _, key in ipairs(keys or {}) do
    local wanted = prefix .. key
    local valid = moontide.key(wanted)
    if values[key] and (valid == wanted or not data[valid]) then data[valid] = values[key] end
  end
end

return {
  api      = "moontide/v1",
  owner    = { apiVersion = "podconfig.example.com/v1alpha1", kind = "PodConfigMapConfig" },
  from     = { kind = "Pod", namespace = "{owner.namespace}", selector = "{owner.spec.podSelector?}" },
  into     = { namespace = "{source.namespace}" },
  kind     = "ConfigMap",
  name     = "pod-{source.name}-from-{owner.name}-cfg",
  belongs  = "source",
  existing = "marked",
  labels   = { [LABEL .. "generated-by-pcmc"] = "{owner.name}", [LABEL .. "pod-uid"] = "{source.uid}" },
  data     = function(on)
    local pod, spec = on.source, on.owner.spec
    local data = { podName = pod.name, namespace = pod.namespace, nodeName = pod.spec.nodeName or "", phase = pod.status.phase or "" }
    include(data, "label_", spec.labelsToInclude, pod.labels)
    include(data, "annotation_", spec.annotationsToInclude, pod.annotations)
    for key, text in pairs(spec.configMapDataTemplate or {}) do
      data[key] = moontide.template(text, { metadata = pod.metadata, spec = pod.spec, status = pod.status }, { name = key })
    end
    return data
  end,
  status   = function(on)
    local conditions = moontide.list()
    local function wrong(type, message)
      conditions[#conditions + 1] = { type = type, status = "True", reason = type, message = message }
      conditions[#conditions + 1] = { type = "Ready", status = "False", reason = type, message = message }
    end
    local flaws = {}
    for key, text in pairs(on.owner.spec.configMapDataTemplate or {}) do
      flaws[#flaws + 1] = moontide.template_error(text, { name = key })
    end
    if on.report.error then
      wrong("ErrorInPodSelector", on.report.error)
    elseif #flaws > 0 then
      wrong("ErrorInTemplate", table.concat(flaws, "; "))
    end
    return { conditions = conditions }
  end,
}
