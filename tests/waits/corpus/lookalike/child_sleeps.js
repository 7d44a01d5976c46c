const { spawnSync } = require("node:child_process");

spawnSync("sleep", ["1"], { stdio: "inherit" });
console.log("done");
