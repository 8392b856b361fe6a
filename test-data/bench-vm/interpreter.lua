-- Evaluates trees of arithmetic with variables.
local function value(expr, x)
  local kind = expr.kind
  if kind == "num" then return expr.n end
  if kind == "x" then return x end
  if kind == "add" then return value(expr.a, x) + value(expr.b, x) end
  if kind == "sub" then return value(expr.a, x) - value(expr.b, x) end
  if kind == "mul" then return value(expr.a, x) * value(expr.b, x) end
  if kind == "mod" then return value(expr.a, x) % value(expr.b, x) end
  if value(expr.c, x) ~= 0 then return value(expr.a, x) end
  return value(expr.b, x)
end

local function num(n) return { kind = "num", n = n } end
local function node(kind, a, b) return { kind = kind, a = a, b = b } end
local X = { kind = "x" }

local program = {
  kind = "if",
  c = node("mod", X, num(2)),
  a = node("sub", node("mul", X, num(3)), node("add", X, num(7))),
  b = node("mod", node("mul", node("add", X, num(5)), node("sub", X, num(2))), num(1009)),
}
local total = 0
for i = 10, 400009 do total = (total + value(program, i)) % 1000003 end
print(total)
