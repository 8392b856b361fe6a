class Square:
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side * self.side

    def scale(self, by):
        return Square(self.side * by % 101)


class Rect:
    def __init__(self, w, h):
        self.w = w
        self.h = h

    def area(self):
        return self.w * self.h

    def scale(self, by):
        return Rect(self.w * by % 103, self.h)


def turn(shape, n):
    sum = 0
    while n != 0:
        sum += shape.area()
        shape = shape.scale(n % 7 + 1)
        n -= 1
    return sum


print(turn(Square(3), 300000) + turn(Rect(2, 5), 300000))
