-- Every request asks about another of the tokens in the file, over and over again.
local requests, count, at = {}, 0, 0
function init(args)
  local headers = { ["Authorization"] = args[1], ["Content-Type"] = "application/x-www-form-urlencoded" }
  for token in io.lines(args[2]) do
    count = count + 1
    requests[count] = wrk.format("POST", nil, headers, "token=" .. token)
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
