// Which of meson's tests belong to some rooms: reads `meson introspect
// --tests` on stdin.
//
//   node select.mjs names 'db|vault'              vault_seal ...
//   node select.mjs programs 'db|vault' build-x   tests/unit/... (ninja's)
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

const [what, rooms, folder] = process.argv.slice(2);
const wanted = new RegExp(`^(${rooms})(_|$)`);

for (const test of JSON.parse(readFileSync(0, 'utf8'))) {
  if (!wanted.test(test.name)) continue;
  console.log(what === 'names' ? test.name : relative(resolve(folder), test.cmd[0]));
}
