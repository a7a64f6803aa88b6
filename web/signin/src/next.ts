// Where to go after signing in: a path of this very site, whatever was asked.

const MOST = 2000;

/** The address to go to, or undefined when there is none that may be gone to.
 * The whole address is returned: a path alone ("/.//evil.example") could be
 * read as another site's when it is parsed a second time. */
export function safeNext(asked: string | null, origin: string): string | undefined {
  if (!asked || asked.length > MOST || !asked.startsWith('/')) return undefined;
  // Browsers drop tabs and line ends, and take a backslash for a slash.
  if (/[\u0000-\u0020\u007f\\]/.test(asked) || asked.startsWith('//')) return undefined;
  let url: URL;
  try {
    url = new URL(asked, origin);
  } catch {
    return undefined;
  }
  return url.origin === origin && url.pathname.startsWith('/') && !url.pathname.startsWith('//')
    ? url.href : undefined;
}
