-- The parts of an app's configuration, wherever they are kept, as one ConfigMap in the app's namespaces.
local APP = "example.com/part-of"
return {
  api   = "moontide/v1",
  from  = { kind = "ConfigMap", labels = { [APP] = true } },
  group = "{source.labels['example.com/part-of']}",
  into  = { labels = { app = "{source.labels['example.com/part-of']}" } },
  name  = "{group}-config",
  data  = function(on)
    local data = {}
    for _, source in ipairs(on.sources) do
      for key, value in pairs(source.data) do data[source.name .. "." .. key] = value end
    end
    return data
  end,
}
