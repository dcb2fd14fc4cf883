-- Every request uses the oldest refresh token that there is; the answer brings the next one of its family.
local tokens, first, last = {}, 1, 0
function init(args)
  wrk.headers["Authorization"] = args[1]
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  for token in io.lines(args[2]) do
    last = last + 1
    tokens[last] = token
  end
end
function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format("POST", nil, nil, "grant_type=refresh_token&refresh_token=" .. token)
end
function response(status, headers, body)
  last = last + 1
  tokens[last] = string.match(body, '"refresh_token":"([^"]+)"')
end
