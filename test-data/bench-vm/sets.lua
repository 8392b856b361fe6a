local seen, size, x = {}, 0, 1
for _ = 1, 600000 do
  x = x * 48271 % 2147483647
  local item = x % 150000
  if not seen[item] then
    seen[item] = true
    size = size + 1
  end
end
local hits = 0
for i = 0, 599999 do
  if seen[i] then hits = hits + 1 end
end
print(hits * 1000000 + size)
