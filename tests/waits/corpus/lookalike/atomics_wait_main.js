process.stdout.write("Name? ");
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
console.log("done");
