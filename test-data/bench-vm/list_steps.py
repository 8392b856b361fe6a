from functools import reduce

total = 0
for turn in range(10):
    xs = list(map(lambda x: x * 3 + turn, range(100000)))
    even = list(filter(lambda x: x % 2 == 0, xs))
    total += reduce(lambda sum, x: (sum + x) % 1000003, list(map(lambda x: x // 2, even)), 0)
print(total)
