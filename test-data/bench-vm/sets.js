const seen = new Set();
let x = 1;
for (let i = 0; i < 600000; i++) {
  x = (x * 48271) % 2147483647;
  seen.add(x % 150000);
}
let hits = 0;
for (let i = 0; i < 600000; i++) {
  if (seen.has(i)) hits += 1;
}
console.log(hits * 1000000 + seen.size);
