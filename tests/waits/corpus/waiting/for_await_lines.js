const readline = require("node:readline");

async function main() {
  const lines = readline.createInterface({ input: process.stdin });
  process.stdout.write("Name? ");
  for await (const line of lines) {
    console.log(`done: ${line}`);
    lines.close();
  }
}

main();
