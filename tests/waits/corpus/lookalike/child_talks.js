const { spawn } = require("node:child_process");

const child = spawn("sh", ["-c", "sleep 1; echo done"]);
child.stdout.on("data", (data) => process.stdout.write(data));
