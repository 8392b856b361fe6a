local Square, Rect = {}, {}
Square.__index = Square
Rect.__index = Rect

local function square(side) return setmetatable({ side = side }, Square) end
function Square:area() return self.side * self.side end
function Square:scale(by) return square(self.side * by % 101) end

local function rect(w, h) return setmetatable({ w = w, h = h }, Rect) end
function Rect:area() return self.w * self.h end
function Rect:scale(by) return rect(self.w * by % 103, self.h) end

local function turn(shape, n)
  local sum = 0
  while n ~= 0 do
    sum = sum + shape:area()
    shape = shape:scale(n % 7 + 1)
    n = n - 1
  end
  return sum
end

print(turn(square(3), 300000) + turn(rect(2, 5), 300000))
