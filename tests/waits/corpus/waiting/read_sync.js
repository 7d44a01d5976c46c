const fs = require("node:fs");

fs.writeSync(1, "Name? ");
const buffer = Buffer.alloc(100);
const size = fs.readSync(0, buffer);
console.log(`done: ${buffer.toString("utf8", 0, size).trim()}`);
