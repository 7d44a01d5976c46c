const { Worker } = require("node:worker_threads");

const code = `
  const fs = require("node:fs");
  fs.writeSync(1, "Name? ");
  const buffer = Buffer.alloc(100);
  const size = fs.readSync(0, buffer);
  fs.writeSync(1, "done: " + buffer.toString("utf8", 0, size));
`;
new Worker(code, { eval: true });
