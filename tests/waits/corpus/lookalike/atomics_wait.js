const { Worker } = require("node:worker_threads");

const code = `
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, 1000);
`;
new Worker(code, { eval: true }).on("exit", () => console.log("done"));
