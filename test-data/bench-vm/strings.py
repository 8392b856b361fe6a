def line(n):
    text = ""
    for i in range(200):
        text = text + str(i * n) + ","
    return text


def main():
    total = 0
    for n in range(1500):
        parts = line(n).split(",")
        total += len(parts)
        for part in parts:
            total += len(part)
        total += len("-".join(parts).upper())
    return total


print(main())
