-- The requests whose bodies stand in a file, one after the other.
local requests, count, at = {}, 0, 0
function init(args)
  wrk.headers["Authorization"] = "Bearer " .. args[1]
  wrk.headers["Content-Type"] = "application/json"
  for body in io.lines(args[2]) do
    count = count + 1
    requests[count] = wrk.format("POST", nil, nil, body)
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
