// node embed.mjs --in FILE --header "room/module.h" --name NAME --out FILE.c
// The bytes of a file as a C array NAME and its length NAME_len, as the header
// declares them.  Called by meson.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const option = { type: 'string' };
const { values } = parseArgs({ options: { in: option, header: option, name: option, out: option } });
const bytes = readFileSync(values.in);
const lines = [];
for (let at = 0; at < bytes.length; at += 16)
  lines.push(`\t${[...bytes.subarray(at, at + 16)].join(', ')},`);
writeFileSync(values.out, `/* Made by scripts/embed.mjs. */
#include "${values.header}"

const uint8_t ${values.name}[] = {
${lines.join('\n')}
};
const size_t ${values.name}_len = sizeof(${values.name});
`);
