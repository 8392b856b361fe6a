def adder(n):
    return lambda x: x + n


def counter():
    n = 0

    def tick():
        nonlocal n
        n = n + 1
        return n

    return tick


def twice(f, x):
    return f(f(x))


def main():
    total = 0
    for i in range(600000):
        add = adder(i)
        total = (total + twice(add, 1) + twice(lambda x: x * 2 + i, total)) % 1000003
    tick = counter()
    for i in range(1000000):
        tick()
    return total + tick()


print(main())
