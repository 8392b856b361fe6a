# Placed queens are linked pairs, the latest first.
def safe(col, dist, placed):
    while placed is not None:
        c, placed = placed
        if c == col or c == col + dist or c == col - dist:
            return False
        dist += 1
    return True


def place(n, row, placed):
    if row == n:
        return 1
    found = 0
    for col in range(n):
        if safe(col, 1, placed):
            found += place(n, row + 1, (col, placed))
    return found


print(sum(place(9, 0, None) for _ in range(10)))
