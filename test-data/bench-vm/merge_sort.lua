local function numbers(n)
  local seed, done = 42, {}
  for i = 1, n do
    done[i] = seed
    seed = (seed * 1103515245 + 12345) % 2147483648
  end
  return done
end

local function merge(a, b)
  local done, i, j, k = {}, 1, 1, 1
  while i <= #a and j <= #b do
    if a[i] < b[j] then
      done[k] = a[i]
      i = i + 1
    else
      done[k] = b[j]
      j = j + 1
    end
    k = k + 1
  end
  while i <= #a do
    done[k] = a[i]
    i, k = i + 1, k + 1
  end
  while j <= #b do
    done[k] = b[j]
    j, k = j + 1, k + 1
  end
  return done
end

local function sorted(items)
  if #items < 2 then return items end
  local middle = #items // 2
  return merge(sorted(table.move(items, 1, middle, 1, {})),
    sorted(table.move(items, middle + 1, #items, 1, {})))
end

local sum = 0
for at, x in ipairs(sorted(numbers(200000))) do sum = (sum + x * at) % 1000000007 end
print(sum)
