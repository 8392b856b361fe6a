-- Points of a 320 x 320 grid that stay bounded for 100 turns.
local function escapes(cr, ci)
  local zr, zi, turns = 0.0, 0.0, 0
  while turns < 100 and zr * zr + zi * zi <= 4.0 do
    local next = zr * zr - zi * zi + cr
    zi = 2.0 * zr * zi + ci
    zr = next
    turns = turns + 1
  end
  return turns
end

local total = 0
for y = 0, 319 do
  for x = 0, 319 do
    total = total + escapes(2.0 * x / 320.0 - 1.5, 2.0 * y / 320.0 - 1.0)
  end
end
print(total)
