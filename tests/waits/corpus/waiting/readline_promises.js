const readline = require("node:readline/promises");

async function main() {
  const terminal = readline.createInterface({ input: process.stdin, output: process.stdout });
  const first = await terminal.question("First number? ");
  const second = await terminal.question("Second number? ");
  console.log(`done: ${first * second}`);
  terminal.close();
}

main();
