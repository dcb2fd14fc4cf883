-- The same request in the scope of one of the organizations that a file names, another one each time.
local requests, count, at = {}, 0, 0
function init(args)
  for organization in io.lines(args[2]) do
    count = count + 1
    requests[count] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. args[1], ["X-Avnology-Org"] = organization })
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
