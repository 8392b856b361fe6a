local function adder(n)
  return function(x) return x + n end
end

local function counter()
  local n = 0
  return function()
    n = n + 1
    return n
  end
end

local function twice(f, x) return f(f(x)) end

local total = 0
for i = 0, 599999 do
  local add = adder(i)
  total = (total + twice(add, 1) + twice(function(x) return x * 2 + i end, total)) % 1000003
end
local tick = counter()
for _ = 1, 1000000 do tick() end
print(total + tick())
