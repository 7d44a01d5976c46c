const readline = require("node:readline");

const beating = setInterval(() => {}, 50);
const terminal = readline.createInterface({ input: process.stdin, output: process.stdout });
terminal.question("Name? ", (name) => {
  clearInterval(beating);
  console.log(`done: ${name}`);
  terminal.close();
});
