let total = 0;
for (let turn = 0; turn < 10; turn++) {
  const xs = Array.from({ length: 100000 }, (_, i) => i).map((x) => x * 3 + turn);
  total += xs
    .filter((x) => x % 2 === 0)
    .map((x) => Math.trunc(x / 2))
    .reduce((sum, x) => (sum + x) % 1000003, 0);
}
console.log(total);
