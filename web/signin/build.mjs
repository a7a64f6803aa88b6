// Makes the sign-in page: one file, everything in it, nothing from elsewhere.
//
//   node build.mjs --version 0.1.0 --out signin.html [--c page.c] [--depfile page.d]
//
// The result depends on the sources, package-lock.json and the version alone.
// --c writes the page's bytes and the policy that it is served with
// (Content-Security-Policy, by the hashes of its script and style) as a C source
// for the program, --depfile what the page was made from, for ninja.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const source = (name) => join(here, 'src', name);

/** The same browsers as verify.html. */
const TARGET = ['chrome88', 'edge88', 'firefox89', 'safari15'];

async function bundle(version) {
  let esbuild;
  try {
    esbuild = await import('esbuild');
  } catch {
    throw new Error(`run this first: (cd ${here} && npm ci --ignore-scripts)`);
  }
  const { outputFiles: [script], metafile } = await esbuild.build({
    entryPoints: [source('main.ts')],
    absWorkingDir: here,
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'inline',
    define: { SALLYPORT_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
  });
  return { script: `\n${script.text}`, inputs: Object.keys(metafile.inputs).map((path) => join(here, path)) };
}

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** It speaks to its own site, runs its own script, and stands in nobody's frame. */
function policy(script, style) {
  return ["default-src 'none'", `script-src ${hash(script)}`, `style-src ${hash(style)}`, "connect-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ');
}

async function page(version) {
  const { script, inputs } = await bundle(version);
  const style = `\n${readFileSync(source('page.css'), 'utf8')}`;
  if (/<\/script|<!--/i.test(script) || /<\//.test(style))
    throw new Error('the script or style would end its element');
  const parts = { STYLE: style, SCRIPT: script };
  const html = readFileSync(source('page.html'), 'utf8').replace(/@([A-Z]+)@/g, (_, name) => parts[name]);
  return { html, csp: policy(script, style),
    inputs: [...inputs, source('page.css'), source('page.html'), join(here, 'package-lock.json')] };
}

/** As a C array: no compiler's limit on strings applies to it. */
function asC(bytes, csp) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`\t${[...bytes.subarray(at, at + 16)].join(', ')},`);
  return `/* Made by web/signin/build.mjs. */
#include "entrance/signin.h"

const char entrance_signin_page_policy[] = ${JSON.stringify(csp)};
const uint8_t entrance_signin_page[] = {
${lines.join('\n')}
};
const size_t entrance_signin_page_len = sizeof(entrance_signin_page);
`;
}

const { values } = parseArgs({ options: {
  version: { type: 'string', default: '0' },
  out: { type: 'string' },
  c: { type: 'string' },
  depfile: { type: 'string' },
} });
try {
  const { html, csp, inputs } = await page(values.version);
  const bytes = Buffer.from(html);
  const depends = `${values.out}: ${inputs.map((path) => path.replace(/[ #]/g, '\\$&')).join(' ')}\n`;
  for (const [path, content] of [[values.out, bytes], [values.c, asC(bytes, csp)], [values.depfile, depends]])
    if (path !== undefined) writeFileSync(path, content);
} catch (error) {
  console.error(`signin.html: ${error.message}`);
  process.exitCode = 1;
}
