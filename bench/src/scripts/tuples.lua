-- Every request writes another tuple, whose object falls anywhere in the index.
local number, prefix = 0, ""
function init(args)
  math.randomseed(os.time())
  prefix = args[2]
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  number = number + 1
  local object = math.random(1, 2147483647) .. prefix .. number
  local body = '{"namespace":"documents","object":"' .. object .. '","relation":"reader","subject":"usr_01kjpwdk93e6yrn40000000001"}'
  return wrk.format("POST", nil, nil, body)
end
