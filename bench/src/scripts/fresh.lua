-- Every request makes another thing: in the body, {} is a name that no other has and that falls anywhere in the index.
local number, prefix, before, after = 0, "", "", ""
function init(args)
  math.randomseed(os.time())
  prefix = args[2]
  before, after = args[3]:match("^(.-){}(.*)$")
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  number = number + 1
  return wrk.format("POST", nil, nil, before .. math.random(1, 2147483647) .. prefix .. number .. after)
end
