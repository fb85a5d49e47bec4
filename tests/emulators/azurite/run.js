// Azurite's blob service on loopback, at a port of its own, in memory, for one test process; it ends when that process does.
//
// Started as `node run.js MODULES FOLDER` with a pipe as standard input that the test process holds open. Says where it listens.

const fs = require("node:fs");
const path = require("node:path");

const [modules, folder] = process.argv.slice(2);

process.stdin.on("end", () => {
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.stdin.resume();

process.argv.splice(
  2,
  2,
  "--silent",
  "--inMemoryPersistence",
  "--disableTelemetry",
  "--blobHost",
  "127.0.0.1",
  "--blobPort",
  "0",
);
process.chdir(folder);
require(path.join(modules, "azurite/dist/src/blob/main.js"));
