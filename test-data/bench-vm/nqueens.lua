-- Placed queens are linked pairs, the latest first.
local function safe(col, dist, placed)
  while placed do
    local c = placed[1]
    if c == col or c == col + dist or c == col - dist then return false end
    dist = dist + 1
    placed = placed[2]
  end
  return true
end

local function place(n, row, placed)
  if row == n then return 1 end
  local found = 0
  for col = 0, n - 1 do
    if safe(col, 1, placed) then found = found + place(n, row + 1, { col, placed }) end
  end
  return found
end

local found = 0
for _ = 1, 10 do found = found + place(9, 0, nil) end
print(found)
