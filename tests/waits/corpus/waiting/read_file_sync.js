const fs = require("node:fs");

const text = fs.readFileSync(0, "utf8");
console.log(`done: ${text.trim().split(/\s+/).length} words`);
