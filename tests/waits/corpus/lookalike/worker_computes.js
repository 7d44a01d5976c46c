const { Worker } = require("node:worker_threads");

const code = "const end = Date.now() + 1000; while (Date.now() < end);";
new Worker(code, { eval: true }).on("exit", () => console.log("done"));
