-- Processes are coroutines with a mailbox; a scheduler runs those that have mail.
local ready, first, last = {}, 1, 0

local function wake(process)
  last = last + 1
  ready[last] = process
end

local function new()
  return { mail = {}, first = 1, last = 0, waiting = false }
end

local function send(process, message)
  process.last = process.last + 1
  process.mail[process.last] = message
  if process.waiting then
    process.waiting = false
    wake(process)
  end
end

local function receive(me)
  if me.first > me.last then
    me.waiting = true
    coroutine.yield()
  end
  local message = me.mail[me.first]
  me.mail[me.first] = nil
  me.first = me.first + 1
  return message
end

local a, b = new(), new()
a.body = coroutine.create(function()
  local n = 0
  for _ = 1, 200000 do
    send(b, n)
    n = receive(a)
  end
  send(b, -1)
  print(n)
end)
b.body = coroutine.create(function()
  while true do
    local n = receive(b)
    if n == -1 then return end
    send(a, n + 1)
  end
end)
wake(a)
wake(b)
while first <= last do
  local process = ready[first]
  ready[first] = nil
  first = first + 1
  assert(coroutine.resume(process.body))
end
