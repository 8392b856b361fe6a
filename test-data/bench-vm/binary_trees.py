def make(depth):
    return None if depth == 0 else (make(depth - 1), make(depth - 1))


def nodes(tree):
    return 1 if tree is None else nodes(tree[0]) + nodes(tree[1]) + 1


kept = make(14)
total = 0
for i in range(100):
    total += nodes(make(12))
print(total + nodes(kept))
