local function range(n)
  local done = {}
  for i = 1, n do done[i] = i - 1 end
  return done
end

local function map(items, f)
  local done = {}
  for i = 1, #items do done[i] = f(items[i]) end
  return done
end

local function filter(items, f)
  local done = {}
  for i = 1, #items do
    if f(items[i]) then done[#done + 1] = items[i] end
  end
  return done
end

local function fold(items, start, f)
  for i = 1, #items do start = f(start, items[i]) end
  return start
end

local total = 0
for turn = 0, 9 do
  local xs = map(range(100000), function(x) return x * 3 + turn end)
  local even = filter(xs, function(x) return x % 2 == 0 end)
  local halves = map(even, function(x) return x // 2 end)
  total = total + fold(halves, 0, function(sum, x) return (sum + x) % 1000003 end)
end
print(total)
