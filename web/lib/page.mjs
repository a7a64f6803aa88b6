// Makes a page of one file: everything in it, nothing from elsewhere.
//
// The result depends on the page's sources, its package-lock.json and the
// version alone.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What older browsers than these do without: the program's own verify. */
const TARGET = ['chrome88', 'edge88', 'firefox89', 'safari15'];

async function bundle(folder, esbuild, version) {
  const { outputFiles: [script], metafile } = await esbuild.build({
    entryPoints: [join(folder, 'src', 'main.ts')],
    absWorkingDir: folder,
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
  return { script: `\n${script.text}`, inputs: Object.keys(metafile.inputs).map((path) => join(folder, path)) };
}

/** As a source of Content-Security-Policy. */
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

async function page(folder, policy, esbuild, version) {
  const source = (name) => join(folder, 'src', name);
  const { script, inputs } = await bundle(folder, esbuild, version);
  const styles = [fileURLToPath(new URL('page.css', import.meta.url)), source('page.css')];
  const style = `\n${styles.map((path) => readFileSync(path, 'utf8')).join('')}`;
  if (/<\/script|<!--/i.test(script) || /<\//.test(style))
    throw new Error('the script or style would end its element');
  const csp = policy(hash(script), hash(style)).join('; ');
  const parts = { CSP: csp, STYLE: style, SCRIPT: script };
  const html = readFileSync(source('page.html'), 'utf8').replace(/@([A-Z]+)@/g, (_, name) => parts[name]);
  return { bytes: Buffer.from(html), csp,
    inputs: [...inputs, ...styles, source('page.html'), join(folder, 'package-lock.json'),
      fileURLToPath(import.meta.url)] };
}

/** As a C array: no compiler's limit on strings applies to it. */
export function cArray(name, bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`\t${[...bytes.subarray(at, at + 16)].join(', ')},`);
  return `const uint8_t ${name}[] = {
${lines.join('\n')}
};
const size_t ${name}_len = sizeof(${name});
`;
}

/**
 * The command line of a page's build.mjs: --version, --out PAGE, --c FILE (as
 * `asC` has it from the page's bytes and policy), --depfile FILE (what it was
 * made from, for ninja).
 *
 * folder: the page's; it has src/main.ts, page.css (after this folder's) and
 * page.html.
 * policy(script, style): the sources of its Content-Security-Policy.
 */
export async function make({ folder, policy, asC }) {
  const { values } = parseArgs({ options: {
    version: { type: 'string', default: '0' },
    out: { type: 'string' },
    c: { type: 'string' },
    depfile: { type: 'string' },
  } });
  try {
    const esbuild = await import(join(folder, 'node_modules', 'esbuild', 'lib', 'main.js')).catch(() => {
      throw new Error(`run this first: (cd ${folder} && npm ci --ignore-scripts)`);
    });
    const { bytes, csp, inputs } = await page(folder, policy, esbuild.default ?? esbuild, values.version);
    const depends = `${values.out}: ${inputs.map((path) => path.replace(/[ #]/g, '\\$&')).join(' ')}\n`;
    for (const [path, content] of [[values.out, bytes], [values.c, asC(bytes, csp)], [values.depfile, depends]])
      if (path !== undefined) writeFileSync(path, content);
  } catch (error) {
    console.error(`${folder}: ${error.message}`);
    process.exitCode = 1;
  }
}
