const readline = require("node:readline");

const terminal = readline.createInterface({ input: process.stdin, output: process.stdout });
terminal.question("Name? ", (name) => {
  console.log(`done: ${name}`);
  terminal.close();
});
