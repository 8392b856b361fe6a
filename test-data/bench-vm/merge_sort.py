def numbers(n):
    seed = 42
    done = []
    for _ in range(n):
        done.append(seed)
        seed = (seed * 1103515245 + 12345) % 2147483648
    return done


def merge(a, b):
    done = []
    i = 0
    j = 0
    while i < len(a) and j < len(b):
        if a[i] < b[j]:
            done.append(a[i])
            i += 1
        else:
            done.append(b[j])
            j += 1
    while i < len(a):
        done.append(a[i])
        i += 1
    while j < len(b):
        done.append(b[j])
        j += 1
    return done


def sorted_(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    return merge(sorted_(items[:middle]), sorted_(items[middle:]))


sum = 0
at = 1
for x in sorted_(numbers(200000)):
    sum = (sum + x * at) % 1000000007
    at += 1
print(sum)
