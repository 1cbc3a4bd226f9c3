-- The texts of the source are Go templates: each namespace gets what they print for it.
return {
  api  = "moontide/v1",
  from = { kind = "ConfigMap", labels = { ["example.com/template"] = "true" } },
  into = { labels = { team = true } },
  data = function(on)
    local data = {}
    for key, text in pairs(on.data) do
      data[key] = moontide.template(text, { namespace = on.namespace, source = on.source }, { name = key })
    end
    return data
  end,
}
