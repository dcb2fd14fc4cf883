-- Every request makes another organization, with its database.
local number, prefix = 0, ""
function init(args)
  prefix = args[2]
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  number = number + 1
  return wrk.format("POST", nil, nil, '{"name":"Team ' .. prefix .. number .. '"}')
end
