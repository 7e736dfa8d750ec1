-- One script for every kind of work. In the environment: WORK, API_KEY, AGENTS ("1,2,3"), BENCH_RUN,
-- TASKS ("1,2,3"), TOKENS of the agents bench-agent-0 and following.
local work = os.getenv("WORK")
local run = os.getenv("BENCH_RUN") or "0"
local headers = { ["Content-Type"] = "application/json", ["x-api-key"] = os.getenv("API_KEY") }
local agents = {}
for id in (os.getenv("AGENTS") or ""):gmatch("%d+") do agents[#agents + 1] = id end
local tasks, tokens = {}, {}
for id in (os.getenv("TASKS") or ""):gmatch("%d+") do tasks[#tasks + 1] = id end
for token in (os.getenv("TOKENS") or ""):gmatch("[^,]+") do
  tokens[#tokens + 1] = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
end
local i = 0

local usage = '"model":"claude-sonnet-4-5","inputTokens":%d,"outputTokens":300'

local run_fields = '{"agentId":"bench-agent-%d","taskId":"task_%s","sessionKey":"bench","model":"claude-sonnet-4-5",'
  .. '"status":"COMPLETED","inputTokens":%d,"outputTokens":300,"costUsd":0.000321,'
  .. '"startedAt":"2026-01-01T10:00:00Z","endedAt":"2026-01-01T10:00:30Z"}'

-- Each agent reports for itself, by its own token.
local function report_run(key)
  local n = i % #tokens
  local named = tokens[n + 1]
  named["X-Idempotency-Key"] = key
  local body = string.format(run_fields, n, tasks[i % #tasks + 1], 1200 + i % 50)
  return wrk.format("POST", "/api/v1/events/run", named, body)
end

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
  runs = function() return report_run(nil) end,
  ["runs-keyed"] = function() return report_run(string.format("bench-%s-%d", run, i)) end,
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
