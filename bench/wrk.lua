-- What wrk sends and how it reports: wrk -s wrk.lua URL -- BODY_FILE SECRET
-- No `request` and no `response` function: wrk then formats the request once and parses answers in C.
function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  file:close()
end

function done(summary)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"errors":%d,"seconds":%.6f}\n',
    summary.requests, e.connect + e.read + e.write + e.status + e.timeout, summary.duration / 1e6))
end
