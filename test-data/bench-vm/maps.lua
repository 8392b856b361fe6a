local m = {}
for n = 300000, 1, -1 do m[n * 7919 % 600011] = n end
local s = {}
for n = 150000, 1, -1 do s["key" .. tostring(n % 5000)] = n end
local found = 0
for i = 0, 149999 do found = found + s["key" .. tostring(i % 5000)] end
local sum = 0
for n = 600000, 1, -1 do
  if m[n] ~= nil then sum = sum + m[n] else sum = sum + 1 end
end
print(sum + found)
