process.stdout.write("Name? ");
process.stdin.on("data", (data) => {
  console.log(`done: ${data.toString().trim()}`);
  process.exit(0);
});
