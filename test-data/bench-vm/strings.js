function line(n) {
  let text = "";
  for (let i = 0; i < 200; i++) text = text + String(i * n) + ",";
  return text;
}

let total = 0;
for (let n = 0; n < 1500; n++) {
  const parts = line(n).split(",");
  total += parts.length;
  for (const part of parts) total += part.length;
  total += parts.join("-").toUpperCase().length;
}
console.log(total);
