-- wrk asks for the cart, and counts every answer that is not the right one.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Host"] = "bench.localhost"
wrk.body = os.getenv("BENCH_BODY")

local expected_status = tonumber(os.getenv("BENCH_STATUS"))
local expected_body = os.getenv("BENCH_ANSWER")
local threads = {}

function setup(thread)
  thread:set("wrong", 0)
  table.insert(threads, thread)
end

function response(status, headers, body)
  if status ~= expected_status or body ~= expected_body then
    wrong = wrong + 1
  end
end

function done(summary, latency, requests)
  local wrong = 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
  end
  local errors = summary.errors
  io.write(string.format("figures %d %d %d\n", summary.requests, wrong, errors.connect + errors.read + errors.write + errors.timeout))
end
