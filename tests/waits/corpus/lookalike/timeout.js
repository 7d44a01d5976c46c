process.stdout.write("Name? ");
setTimeout(() => console.log("done"), 1000);
