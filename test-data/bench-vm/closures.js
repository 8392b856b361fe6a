function adder(n) {
  return (x) => x + n;
}

function counter() {
  let n = 0;
  return () => {
    n = n + 1;
    return n;
  };
}

function twice(f, x) {
  return f(f(x));
}

let total = 0;
for (let i = 0; i < 600000; i++) {
  const add = adder(i);
  total = (total + twice(add, 1) + twice((x) => x * 2 + i, total)) % 1000003;
}
const tick = counter();
for (let i = 0; i < 1000000; i++) tick();
console.log(total + tick());
