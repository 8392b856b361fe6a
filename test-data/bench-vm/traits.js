class Square {
  constructor(side) {
    this.side = side;
  }
  area() {
    return this.side * this.side;
  }
  scale(by) {
    return new Square((this.side * by) % 101);
  }
}

class Rect {
  constructor(w, h) {
    this.w = w;
    this.h = h;
  }
  area() {
    return this.w * this.h;
  }
  scale(by) {
    return new Rect((this.w * by) % 103, this.h);
  }
}

function turn(shape, n) {
  let sum = 0;
  while (n !== 0) {
    sum += shape.area();
    shape = shape.scale((n % 7) + 1);
    n -= 1;
  }
  return sum;
}

console.log(turn(new Square(3), 300000) + turn(new Rect(2, 5), 300000));
