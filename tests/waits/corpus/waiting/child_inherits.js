const { spawnSync } = require("node:child_process");

spawnSync("sh", ["-c", "printf 'Name? '; read x; echo hello $x"], { stdio: "inherit" });
console.log("done");
