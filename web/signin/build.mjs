// Makes the sign-in page: one file, everything in it, nothing from elsewhere.
//
//   node build.mjs --version 0.1.0 --out signin.html [--c page.c] [--depfile page.d]
//
// --c writes the policy that it is served with, too.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cArray, make } from '../lib/page.mjs';

await make({
  folder: dirname(fileURLToPath(import.meta.url)),
  /** It speaks to its own site, runs its own script, and stands in nobody's frame. */
  policy: (script, style) => ["default-src 'none'", `script-src ${script}`, `style-src ${style}`, "connect-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  asC: (bytes, csp) => `/* Made by web/signin/build.mjs. */
#include "entrance/signin.h"

const char entrance_signin_page_policy[] = ${JSON.stringify(csp)};
${cArray('entrance_signin_page', bytes)}`,
});
