# Points of a 320 x 320 grid that stay bounded for 100 turns.
def escapes(cr, ci):
    zr = 0.0
    zi = 0.0
    turns = 0
    while turns < 100 and zr * zr + zi * zi <= 4.0:
        next = zr * zr - zi * zi + cr
        zi = 2.0 * zr * zi + ci
        zr = next
        turns = turns + 1
    return turns


def main():
    total = 0
    for y in range(320):
        for x in range(320):
            total += escapes(2.0 * x / 320.0 - 1.5, 2.0 * y / 320.0 - 1.0)
    return total


print(main())
