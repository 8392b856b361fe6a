// Evaluates trees of arithmetic with variables.
function evaluate(expr, x) {
  switch (expr.kind) {
    case "num":
      return expr.n;
    case "x":
      return x;
    case "add":
      return evaluate(expr.a, x) + evaluate(expr.b, x);
    case "sub":
      return evaluate(expr.a, x) - evaluate(expr.b, x);
    case "mul":
      return evaluate(expr.a, x) * evaluate(expr.b, x);
    case "mod":
      return evaluate(expr.a, x) % evaluate(expr.b, x);
    default:
      return evaluate(expr.c, x) !== 0 ? evaluate(expr.a, x) : evaluate(expr.b, x);
  }
}

const num = (n) => ({ kind: "num", n });
const node = (kind, a, b) => ({ kind, a, b });
const X = { kind: "x" };

const program = {
  kind: "if",
  c: node("mod", X, num(2)),
  a: node("sub", node("mul", X, num(3)), node("add", X, num(7))),
  b: node("mod", node("mul", node("add", X, num(5)), node("sub", X, num(2))), num(1009)),
};
let total = 0;
for (let i = 10; i < 400010; i++) total = (total + evaluate(program, i)) % 1000003;
console.log(total);
