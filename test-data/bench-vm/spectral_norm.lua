local function a(i, j)
  return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)
end

local function times(n, from, to, turned)
  for i = 0, n - 1 do
    local sum = 0.0
    for j = 0, n - 1 do
      local x
      if turned then x = a(j, i) else x = a(i, j) end
      sum = sum + x * from[j]
    end
    to[i] = sum
  end
end

local n = 320
local u, v, t = {}, {}, {}
for i = 0, n - 1 do u[i], v[i], t[i] = 1.0, 0.0, 0.0 end
for _ = 1, 10 do
  times(n, u, t, false)
  times(n, t, v, true)
  times(n, v, t, false)
  times(n, t, u, true)
end
local vbv, vv = 0.0, 0.0
for i = 0, n - 1 do
  vbv = vbv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
print(math.floor(math.sqrt(vbv / vv) * 1000000000.0))
