def main():
    m = {}
    for n in range(300000, 0, -1):
        m[n * 7919 % 600011] = n
    s = {}
    for n in range(150000, 0, -1):
        s["key" + str(n % 5000)] = n
    found = 0
    for i in range(150000):
        found += s["key" + str(i % 5000)]
    sum = 0
    for n in range(600000, 0, -1):
        sum += m[n] if n in m else 1
    return sum + found


print(main())
