-- One script for every kind of work. In the environment: WORK, API_KEY, AGENTS ("1,2,3"), BENCH_RUN.
local work = os.getenv("WORK")
local run = os.getenv("BENCH_RUN") or "0"
local headers = { ["Content-Type"] = "application/json", ["x-api-key"] = os.getenv("API_KEY") }
local agents = {}
for id in (os.getenv("AGENTS") or ""):gmatch("%d+") do agents[#agents + 1] = id end
local i = 0

local usage = '"model":"claude-sonnet-4-5","inputTokens":%d,"outputTokens":300'

local make = {
  limit = function() return wrk.format("GET", "/", headers) end,
  tasks = function() return wrk.format("GET", "/api/tasks?limit=50", headers) end,
  agents = function() return wrk.format("GET", "/api/agents?limit=20", headers) end,
  beat = function()
    local path = "/api/agents/" .. agents[i % #agents + 1] .. "/heartbeat"
    return wrk.format("POST", path, headers, string.format('{"token_usage":{' .. usage .. '}}', 1200 + i % 50))
  end,
  tokens = function()
    local body = string.format('{"sessionId":"bench-agent-%d:main",' .. usage .. '}', i % 16, 1200 + i % 50)
    return wrk.format("POST", "/api/tokens", headers, body)
  end,
  create = function()
    local body = '{"title":"bench %s %d","description":"load test task","priority":"medium","tags":["bench"]}'
    return wrk.format("POST", "/api/tasks", headers, string.format(body, run, i))
  end,
}

function request()
  i = i + 1
  return make[work]()
end

-- One line of JSON for the program that started wrk. Latencies are in microseconds.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"seconds":%f,"p50_ms":%f,"p95_ms":%f,"p99_ms":%f,"max_ms":%f,"bad":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, e.status, e.connect + e.read + e.write + e.timeout))
end
