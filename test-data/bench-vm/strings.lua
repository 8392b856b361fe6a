local function line(n)
  local text = ""
  for i = 0, 199 do text = text .. tostring(i * n) .. "," end
  return text
end

local function split(text)
  local parts, at = {}, 1
  while true do
    local comma = string.find(text, ",", at, true)
    if not comma then
      parts[#parts + 1] = string.sub(text, at)
      return parts
    end
    parts[#parts + 1] = string.sub(text, at, comma - 1)
    at = comma + 1
  end
end

local total = 0
for n = 0, 1499 do
  local parts = split(line(n))
  total = total + #parts
  for _, part in ipairs(parts) do total = total + #part end
  total = total + #string.upper(table.concat(parts, "-"))
end
print(total)
