def main():
    seen = set()
    x = 1
    for i in range(600000):
        x = x * 48271 % 2147483647
        seen.add(x % 150000)
    hits = 0
    for i in range(600000):
        if i in seen:
            hits += 1
    return hits * 1000000 + len(seen)


print(main())
