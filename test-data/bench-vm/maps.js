const m = new Map();
for (let n = 300000; n > 0; n--) m.set((n * 7919) % 600011, n);
const s = new Map();
for (let n = 150000; n > 0; n--) s.set("key" + String(n % 5000), n);
let found = 0;
for (let i = 0; i < 150000; i++) found += s.get("key" + String(i % 5000));
let sum = 0;
for (let n = 600000; n > 0; n--) sum += m.has(n) ? m.get(n) : 1;
console.log(sum + found);
