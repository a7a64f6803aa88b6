// Makes verify.html: one file, everything in it, nothing from elsewhere.
//
//   node build.mjs --version 0.1.0 --out verify.html [--c verify_html.c]
//
// The result depends on the sources, package-lock.json and the version alone.
// The script is not minified: an expert may want to read what a court relies
// on.  --c writes the page's bytes as a C source for the program.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const source = (name) => join(here, 'src', name);

/** What older browsers than these do without: the program's own verify. */
const TARGET = ['chrome88', 'edge88', 'firefox89', 'safari15'];

async function bundle(version) {
  let esbuild;
  try {
    esbuild = await import('esbuild');
  } catch {
    throw new Error(`run this first: (cd ${here} && npm ci --ignore-scripts)`);
  }
  const { outputFiles: [script] } = await esbuild.build({
    entryPoints: [source('main.ts')],
    absWorkingDir: here,
    bundle: true,
    write: false,
    format: 'iife',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'inline',
    define: { SALLYPORT_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
  return `\n${script.text}`;
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded, nothing connected to; the page's script, also as a worker. */
function policy(script, style) {
  return ["default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`,
    'worker-src blob:', "base-uri 'none'", "form-action 'none'"].join('; ');
}

export async function page(version) {
  const script = await bundle(version);
  const style = `\n${readFileSync(source('page.css'), 'utf8')}`;
  if (/<\/script|<!--/i.test(script) || /<\//.test(style))
    throw new Error('the script or style would end its element');
  const parts = { CSP: policy(script, style), STYLE: style, SCRIPT: script };
  return readFileSync(source('page.html'), 'utf8').replace(/@([A-Z]+)@/g, (_, name) => parts[name]);
}

/** As a C array: no compiler's limit on strings applies to it. */
export function asC(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`\t${[...bytes.subarray(at, at + 16)].join(', ')},`);
  return `/* Made by web/verify/build.mjs. */
#include "bag/page.h"

const uint8_t bag_page[] = {
${lines.join('\n')}
};
const size_t bag_page_len = sizeof(bag_page);
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: {
    version: { type: 'string', default: '0' },
    out: { type: 'string' },
    c: { type: 'string' },
  } });
  const bytes = Buffer.from(await page(values.version));
  for (const [path, content] of [[values.out, bytes], [values.c, asC(bytes)]]) {
    if (path === undefined) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
