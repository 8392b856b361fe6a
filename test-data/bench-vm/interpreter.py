# Evaluates trees of arithmetic with variables.
from collections import namedtuple

Num = namedtuple("Num", "n")
X = namedtuple("X", "")
Add = namedtuple("Add", "a b")
Sub = namedtuple("Sub", "a b")
Mul = namedtuple("Mul", "a b")
Mod = namedtuple("Mod", "a b")
If = namedtuple("If", "c a b")


def evaluate(expr, x):
    kind = type(expr)
    if kind is Num:
        return expr.n
    if kind is X:
        return x
    if kind is Add:
        return evaluate(expr.a, x) + evaluate(expr.b, x)
    if kind is Sub:
        return evaluate(expr.a, x) - evaluate(expr.b, x)
    if kind is Mul:
        return evaluate(expr.a, x) * evaluate(expr.b, x)
    if kind is Mod:
        return evaluate(expr.a, x) % evaluate(expr.b, x)
    return evaluate(expr.a, x) if evaluate(expr.c, x) != 0 else evaluate(expr.b, x)


def main():
    program = If(
        Mod(X(), Num(2)),
        Sub(Mul(X(), Num(3)), Add(X(), Num(7))),
        Mod(Mul(Add(X(), Num(5)), Sub(X(), Num(2))), Num(1009)),
    )
    total = 0
    for i in range(10, 400010):
        total = (total + evaluate(program, i)) % 1000003
    return total


print(main())
