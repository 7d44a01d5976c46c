const end = Date.now() + 1000;
let total = 0;
while (Date.now() < end) total += 1;
console.log("done");
