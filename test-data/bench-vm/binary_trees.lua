local function make(depth)
  if depth == 0 then return false end
  return { make(depth - 1), make(depth - 1) }
end

local function nodes(tree)
  if not tree then return 1 end
  return nodes(tree[1]) + nodes(tree[2]) + 1
end

local kept = make(14)
local total = 0
for _ = 1, 100 do total = total + nodes(make(12)) end
print(total + nodes(kept))
