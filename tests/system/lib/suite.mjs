import { after, before, describe } from 'node:test';
import { Site } from './site.mjs';

/**
 * A suite around one running site.  `define` gets a context whose `site` is
 * there once the tests run.
 */
export function siteSuite(name, options, define) {
  describe(name, () => {
    const cleanups = [];
    const context = { after: (f) => cleanups.push(f) };
    before(async () => {
      context.site = await Site.make(context, options);
    });
    after(async () => {
      for (const f of cleanups.reverse()) await f();
    });
    define(context);
  });
}
