-- Every request makes another identity, whose address falls anywhere in the index.
local number, prefix = 0, ""
function init(args)
  math.randomseed(os.time())
  prefix = args[2]
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  number = number + 1
  local address = math.random(1, 2147483647) .. prefix .. number
  local body = '{"identity":{"email":"' .. address .. '@example.com","first_name":"Ada","last_name":"Lovelace"}}'
  return wrk.format("POST", nil, nil, body)
end
