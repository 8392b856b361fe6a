from math import floor, sqrt


def a(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(n, source, to, turned):
    for i in range(n):
        sum = 0.0
        for j in range(n):
            sum = sum + (a(j, i) if turned else a(i, j)) * source[j]
        to[i] = sum


def main():
    n = 320
    u = [1.0] * n
    v = [0.0] * n
    t = [0.0] * n
    for k in range(10):
        times(n, u, t, False)
        times(n, t, v, True)
        times(n, v, t, False)
        times(n, t, u, True)
    vbv = 0.0
    vv = 0.0
    for i in range(n):
        vbv = vbv + u[i] * v[i]
        vv = vv + v[i] * v[i]
    return floor(sqrt(vbv / vv) * 1000000000.0)


print(main())
