// Makes verify.html: one file, everything in it, nothing from elsewhere.
//
//   node build.mjs --version 0.1.0 --out verify.html [--c page.c] [--depfile page.d]
//
// The script is not minified: an expert may want to read what a court relies on.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cArray, make } from '../lib/page.mjs';

await make({
  folder: dirname(fileURLToPath(import.meta.url)),
  /** Nothing is loaded, nothing connected to; the page's script, also as a worker. */
  policy: (script, style) => ["default-src 'none'", `script-src ${script}`, `style-src ${style}`,
    'worker-src blob:', "base-uri 'none'", "form-action 'none'"],
  asC: (bytes) => `/* Made by web/verify/build.mjs. */
#include "bag/page.h"

${cArray('bag_page', bytes)}`,
});
