-- The requests whose bodies stand in a file, one after the other, over and over again.
local requests, count, at = {}, 0, 0
function init(args)
  local headers = { ["Authorization"] = args[1], ["Content-Type"] = args[2] }
  for body in io.lines(args[3]) do
    count = count + 1
    requests[count] = wrk.format("POST", nil, headers, body)
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
